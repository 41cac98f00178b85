// oauth4webapi (low level, strict about every response), unmodified, through the whole main flow.
import * as oauth from 'oauth4webapi'
import { open, refusal, report, wanted } from './conversation.mjs'

const plain = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(wanted.issuer)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: wanted.algorithm, ...plain }),
)
const client = {
  client_id: wanted.client_id,
  id_token_signed_response_alg: wanted.id_token_alg,
}
const authentication = {
  none: oauth.None,
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
}[wanted.method](wanted.client_secret)

const introspect = async (token) =>
  oauth.processIntrospectionResponse(
    as,
    client,
    await oauth.introspectionRequest(as, client, authentication, token, plain),
  )
const revoke = async (token) =>
  oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, authentication, token, plain),
  )

if (wanted.own) {
  const tokens = await oauth.processClientCredentialsResponse(
    as,
    client,
    await oauth.clientCredentialsGrantRequest(
      as,
      client,
      authentication,
      new URLSearchParams({ scope: wanted.scope }),
      plain,
    ),
  )
  const before = await introspect(tokens.access_token)
  await revoke(tokens.access_token)
  report({ scope: tokens.scope, before, after: await introspect(tokens.access_token) })
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({
  client_id: client.client_id,
  response_type: 'code',
  redirect_uri: wanted.redirect_uri,
  scope: wanted.scope,
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
})
// Checks `state`, and `iss` (RFC 9207), which the metadata promises.
const parameters = oauth.validateAuthResponse(as, client, await open(url), state)
const redeemed = await oauth.authorizationCodeGrantRequest(
  as,
  client,
  authentication,
  parameters,
  wanted.redirect_uri,
  verifier,
  plain,
)
const tokens = await oauth.processAuthorizationCodeResponse(as, client, redeemed, {
  expectedNonce: nonce,
  maxAge: 3600,
  requireIdToken: true,
})
// The ID token's signature, by the published keys.
await oauth.validateApplicationLevelSignature(as, redeemed, plain)
const claims = oauth.getValidatedIdTokenClaims(tokens)
const userinfo = await oauth.processUserInfoResponse(
  as,
  client,
  claims.sub,
  await oauth.userInfoRequest(as, client, tokens.access_token, plain),
)
const refresh = async (token) =>
  oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, authentication, token, plain),
  )
const refreshed = await refresh(tokens.refresh_token)
const me = await oauth.protectedResourceRequest(
  refreshed.access_token,
  'GET',
  new URL('/api/v1/user/me', issuer),
  undefined,
  null,
  plain,
)
const confidential = wanted.method !== 'none'
const introspected = confidential ? await introspect(refreshed.access_token) : null
await revoke(refreshed.refresh_token)

report({
  scope: tokens.scope,
  claims,
  refreshedClaims: oauth.getValidatedIdTokenClaims(refreshed),
  userinfo,
  me: await me.json(),
  rotated: refreshed.refresh_token !== tokens.refresh_token,
  introspected,
  introspectedAfter: confidential ? await introspect(refreshed.access_token) : null,
  refused: await refusal(() => refresh(refreshed.refresh_token)),
})
