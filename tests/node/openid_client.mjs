// openid-client (certified OpenID Connect client), unmodified, through the whole main flow.
import * as client from 'openid-client'
import { open, refusal, report, wanted } from './conversation.mjs'

const authentication = {
  none: client.None,
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
}[wanted.method](wanted.client_secret)

const config = await client.discovery(
  new URL(wanted.issuer),
  wanted.client_id,
  { client_secret: wanted.client_secret, id_token_signed_response_alg: wanted.id_token_alg },
  authentication,
  { algorithm: wanted.algorithm, execute: [client.allowInsecureRequests] },
)
// Beyond the ID token's claims: its signature, too, by the published keys.
client.enableNonRepudiationChecks(config)

if (wanted.own) {
  const tokens = await client.clientCredentialsGrant(config, { scope: wanted.scope })
  const before = await client.tokenIntrospection(config, tokens.access_token)
  await client.tokenRevocation(config, tokens.access_token)
  const after = await client.tokenIntrospection(config, tokens.access_token)
  report({ scope: tokens.scope, before, after })
}

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
const back = await open(
  client.buildAuthorizationUrl(config, {
    redirect_uri: wanted.redirect_uri,
    scope: wanted.scope,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  }),
)
const tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
  maxAge: 3600,
})
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
const me = await client.fetchProtectedResource(
  config,
  refreshed.access_token,
  new URL('/api/v1/user/me', wanted.issuer),
  'GET',
)
const introspect = (token) =>
  wanted.method === 'none' ? null : client.tokenIntrospection(config, token)
const introspected = await introspect(refreshed.access_token)
await client.tokenRevocation(config, refreshed.refresh_token)

report({
  scope: tokens.scope,
  claims,
  refreshedClaims: refreshed.claims(),
  userinfo,
  me: await me.json(),
  rotated: refreshed.refresh_token !== tokens.refresh_token,
  introspected,
  introspectedAfter: await introspect(refreshed.access_token),
  refused: await refusal(() => client.refreshTokenGrant(config, refreshed.refresh_token)),
})
