// openid-client, unmodified, with a pushed authorization request (RFC 9126).
import * as client from 'openid-client'
import { open, report, wanted } from './conversation.mjs'

const config = await client.discovery(
  new URL(wanted.issuer),
  wanted.client_id,
  { client_secret: wanted.client_secret, id_token_signed_response_alg: wanted.id_token_alg },
  client.ClientSecretBasic(wanted.client_secret),
  { execute: [client.allowInsecureRequests] },
)
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const address = await client.buildAuthorizationUrlWithPAR(config, {
  redirect_uri: wanted.redirect_uri,
  scope: wanted.scope,
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
const back = await open(address)
const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState })
report({ parameters: [...address.searchParams.keys()], claims: tokens.claims() })
