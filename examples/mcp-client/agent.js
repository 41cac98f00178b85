// Uses the measurements of a person by the Model Context Protocol.
//   npm start                                  what is measured, and the newest measurements
//   npm start -- add Nap 20 min Sleep          records a measurement
//   npm start -- sign-out                      revokes the tokens
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { SignIn } from './sign_in.js'

const issuer = process.env.QUANTIMODO_ISSUER
const signIn = new SignIn({
  issuer,
  clientId: process.env.QUANTIMODO_CLIENT_ID,
  redirectUri: process.env.QUANTIMODO_REDIRECT_URI,
})

/** A connected client. The first attempt of a new agent ends with a sign-in. */
async function connected() {
  for (;;) {
    const client = new Client({ name: 'My agent', version: '1.0.0' })
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', issuer), {
      authProvider: signIn,
    })
    try {
      await client.connect(transport)
      return client
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error
      await transport.finishAuth(await signIn.code())
    }
  }
}

async function call(client, name, parameters = {}) {
  const result = await client.callTool({ name, arguments: parameters })
  if (result.isError) throw new Error(result.content[0].text)
  return result.structuredContent
}

async function show(client) {
  const { variables, total } = await call(client, 'list_variables')
  console.log(`Variables: ${total}`)
  for (const { name, unit, measurements } of variables) {
    console.log(`  ${name} in ${unit}: ${measurements} measurements`)
  }
  const { measurements } = await call(client, 'read_measurements', { limit: 5 })
  for (const { variable, value, unit, time } of measurements) {
    console.log(`  ${time} ${variable}: ${value} ${unit}`)
  }
}

async function add(client, [variable, value, unit, category]) {
  await call(client, 'add_measurement', { variable, value: Number(value), unit, category })
  console.log(`Recorded ${value} ${unit} of ${variable}.`)
}

async function main([command = 'show', ...parameters]) {
  if (command === 'sign-out') {
    await signIn.signOut()
    return console.log('Signed out.')
  }
  const client = await connected()
  try {
    await (command === 'add' ? add(client, parameters) : show(client))
  } finally {
    await client.close()
  }
}

main(process.argv.slice(2)).catch((error) => {
  const reason = error.code === 403 ? 'the person did not allow this' : error.message
  console.error(`Refused: ${reason}`)
  process.exitCode = 1
})
