// openid-client through the responses that bring ID tokens in the address: implicit and hybrid.
import * as client from 'openid-client'
import { open, report, wanted } from './conversation.mjs'

const config = async (use) => {
  const made = await client.discovery(
    new URL(wanted.issuer),
    wanted.client_id,
    { client_secret: wanted.client_secret },
    client.ClientSecretBasic(wanted.client_secret),
    { execute: [client.allowInsecureRequests] },
  )
  client.enableNonRepudiationChecks(made)
  use(made)
  return made
}
const asked = (more) => ({ redirect_uri: wanted.redirect_uri, scope: 'openid email', ...more })

// OpenID Connect Core §3.2: an ID token alone, with the claims in it.
const implicit = await config(client.useIdTokenResponseType)
const expectedNonce = client.randomNonce()
const claims = await client.implicitAuthentication(
  implicit,
  await open(client.buildAuthorizationUrl(implicit, asked({ nonce: expectedNonce, state: 's1' }))),
  expectedNonce,
  { expectedState: 's1' },
)

// §3.3: an ID token that vouches for the code (c_hash) and the state.
const hybrid = await config(client.useCodeIdTokenResponseType)
const nonce = client.randomNonce()
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const back = await open(
  client.buildAuthorizationUrl(
    hybrid,
    asked({
      nonce,
      state: 's2',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    }),
  ),
)
const tokens = await client.authorizationCodeGrant(hybrid, back, {
  pkceCodeVerifier,
  expectedNonce: nonce,
  expectedState: 's2',
})
const userinfo = await client.fetchUserInfo(hybrid, tokens.access_token, tokens.claims().sub)
report({ claims, hybrid: tokens.claims(), userinfo })
