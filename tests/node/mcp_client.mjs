// The MCP SDK finds the server from the address of the resource, signs a person in, and uses tools.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { open, report, wanted } from './conversation.mjs'

const stored = {}
const requested = []
let back
const provider = {
  redirectUrl: wanted.redirect_uri,
  clientMetadataUrl: wanted.client_metadata_url ?? undefined,
  clientMetadata: {
    client_name: 'TypeScript agent',
    redirect_uris: [wanted.redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  state: () => 'some-state',
  clientInformation: () => stored.client,
  saveClientInformation: (client) => void (stored.client = client),
  tokens: () => stored.tokens,
  saveTokens: (tokens) => void (stored.tokens = tokens),
  codeVerifier: () => stored.verifier,
  saveCodeVerifier: (verifier) => void (stored.verifier = verifier),
  redirectToAuthorization: async (url) => {
    requested.push(Object.fromEntries(url.searchParams))
    back = await open(url)
  },
}

async function connect() {
  const client = new Client({ name: 'TypeScript agent', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(wanted.server), {
    authProvider: provider,
  })
  try {
    await client.connect(transport)
    return client
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(back.searchParams.get('code'))
    return null
  }
}

const client = (await connect()) ?? (await connect())
const call = async (name, args = {}) =>
  (await client.callTool({ name, arguments: args })).structuredContent
const tools = (await client.listTools()).tools.map((tool) => tool.name)
const before = await call('list_variables')
const nap = { variable: 'Nap', value: 20, unit: 'min', category: 'Sleep' }
let added
try {
  added = await call('add_measurement', nap)
} catch (error) {
  added = { refused: error.code }
}
const read = await call('read_measurements')
// The SDK refreshes by itself when a token is not accepted any more.
stored.tokens.access_token = 'none-of-this-server'
const refreshed = await call('list_variables')
await client.close()
report({
  tools,
  requested,
  before: before.total,
  added,
  read: read.measurements,
  refreshed: refreshed.total,
  client_id: stored.client.client_id,
  scope: stored.tokens.scope,
})
