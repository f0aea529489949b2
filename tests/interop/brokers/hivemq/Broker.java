import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.PublishAuthorizer;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.parameter.*;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * HiveMQ Community Edition with its sessions on disk. A customer may have more
 * than the 1,000 messages waiting beyond which it drops them.
 */
class Broker implements ExtensionMain {
  static final String CONFIG =
      """
      <hivemq>
        <listeners><tcp-listener>
          <port>%s</port><bind-address>127.0.0.1</bind-address>
        </tcp-listener></listeners>
        <mqtt><queued-messages>
          <max-queue-size>100000</max-queue-size>
        </queued-messages></mqtt>
        <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
      </hivemq>
      """;

  public static void main(String[] args) throws Exception {
    Path data = Path.of(args[0]);
    Path conf = Files.createDirectories(data.resolve("conf"));
    Files.writeString(conf.resolve("config.xml"), CONFIG.formatted(args[1]));
    EmbeddedHiveMQ hivemq =
        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(conf)
            .withDataFolder(Files.createDirectories(data.resolve("data")))
            .withExtensionsFolder(
                Files.createDirectories(data.resolve("extensions")))
            .withEmbeddedExtension(
                EmbeddedExtension.builder()
                    .withId("access").withName("access").withVersion("1")
                    .withAuthor("-").withExtensionMain(new Broker()).build())
            .build();
    hivemq.start().join();
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> hivemq.stop().join()));
    new CountDownLatch(1).await();
  }

  static boolean knows(SimpleAuthInput input) {
    var packet = input.getConnectPacket();
    return packet.getUserName().filter("acme"::equals).isPresent()
        && packet.getPassword()
            .filter(p -> "sesame".contentEquals(
                java.nio.charset.StandardCharsets.UTF_8.decode(p)))
            .isPresent();
  }

  @Override
  public void extensionStart(
      ExtensionStartInput input, ExtensionStartOutput output) {
    SimpleAuthenticator authenticator =
        (in, out) -> {
          if (knows(in)) out.authenticateSuccessfully();
          else out.failAuthentication();
        };
    PublishAuthorizer authorizer =
        (in, out) -> {
          if (in.getPublishPacket().getTopic().startsWith("forbidden/"))
            out.failAuthorization();
          else out.authorizeSuccessfully();
        };
    Services.securityRegistry().setAuthenticatorProvider(in -> authenticator);
    Services.securityRegistry().setAuthorizerProvider(in -> authorizer);
  }

  @Override
  public void extensionStop(
      ExtensionStopInput input, ExtensionStopOutput output) {}
}
