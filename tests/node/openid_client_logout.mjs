// openid-client signs a person in, and out again: RP-Initiated Logout by its own calls.
import * as client from 'openid-client'
import { open, report, wanted } from './conversation.mjs'

const config = await client.discovery(
  new URL(wanted.issuer),
  wanted.client_id,
  { client_secret: wanted.client_secret },
  client.ClientSecretBasic(wanted.client_secret),
  { execute: [client.allowInsecureRequests] },
)
client.enableNonRepudiationChecks(config)

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedNonce = client.randomNonce()
const back = await open(
  client.buildAuthorizationUrl(config, {
    redirect_uri: wanted.redirect_uri,
    scope: 'openid',
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  }),
)
const tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier,
  expectedNonce,
})
const signedOut = await open(
  client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: wanted.post_logout_redirect_uri,
    state: 'some-state',
  }),
)
report({ claims: tokens.claims(), signedOut: String(signedOut) })
