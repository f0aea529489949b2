// Aedes with its state in memory, which is what it does unless told otherwise.
import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const aedes = await Aedes.createBroker()
aedes.authenticate = (client, user, password, done) => {
  if (user === 'acme' && password?.toString() === 'sesame') return done(null, true)
  done(Object.assign(new Error('wrong password'), { returnCode: 4 }), false)
}
aedes.authorizePublish = (client, packet, done) =>
  done(packet.topic.startsWith('forbidden/') ? new Error('forbidden') : null)
for (const event of ['clientError', 'connectionError']) {
  aedes.on(event, (client, error) => console.log(client?.id, error.message))
}
createServer(aedes.handle).listen(Number(process.argv[2]), '127.0.0.1')
