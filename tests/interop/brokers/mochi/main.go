// Mochi MQTT with its sessions in a file.
package main

import (
	"bytes"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/storage/bolt"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// access lets in acme with its password, and nobody publish to forbidden/.
type access struct{ mqtt.HookBase }

func (*access) ID() string { return "access" }

func (*access) Provides(hook byte) bool {
	return bytes.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck},
		[]byte{hook})
}

func (*access) OnConnectAuthenticate(_ *mqtt.Client, p packets.Packet) bool {
	return string(p.Connect.Username) == "acme" &&
		string(p.Connect.Password) == "sesame"
}

func (*access) OnACLCheck(_ *mqtt.Client, topic string, write bool) bool {
	return !write || !strings.HasPrefix(topic, "forbidden/")
}

// must ends the program on an error.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	data, port := os.Args[1], os.Args[2]
	server := mqtt.New(nil)
	must(server.AddHook(new(access), nil))
	must(server.AddHook(new(bolt.Hook), &bolt.Options{Path: data + "/bolt.db"}))
	must(server.AddListener(listeners.NewTCP(listeners.Config{
		ID: "tcp", Address: "127.0.0.1:" + port})))
	must(server.Serve())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	must(server.Close())
}
