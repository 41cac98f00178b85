// oauth4webapi, unmodified, as an application with a profile of FAPI 2.0: pushed requests,
// private_key_jwt, and tokens bound to a DPoP key or to a certificate; with Message Signing also
// signed requests, responses and introspection.
import * as oauth from 'oauth4webapi'
import { open, refusal, report, wanted } from './conversation.mjs'

const plain = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(wanted.issuer)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain }),
)
const client = {
  client_id: wanted.client_id,
  id_token_signed_response_alg: 'PS256',
  authorization_signed_response_alg: 'PS256',
  introspection_signed_response_alg: 'PS256',
}
const key = {
  key: await crypto.subtle.importKey(
    'jwk',
    wanted.key,
    { name: 'RSA-PSS', hash: 'SHA-256' },
    false,
    ['sign'],
  ),
  kid: wanted.key.kid,
}
const authentication = oauth.PrivateKeyJwt(key)
const signs = wanted.profile === 'fapi2_message_signing'
// The header is what a proxy that terminates TLS adds.
const proxied = (url, options) => {
  const headers = new Headers(options.headers)
  headers.set('client-cert', wanted.certificate)
  return fetch(url, { ...options, headers })
}
const bound = wanted.certificate
  ? { [oauth.customFetch]: proxied }
  : { DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')) }
const options = { ...plain, ...bound }

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
let request = new URLSearchParams({
  response_type: 'code',
  redirect_uri: wanted.redirect_uri,
  scope: wanted.scope,
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  ...(signs ? { response_mode: 'jwt' } : {}),
})
if (signs) {
  const object = await oauth.issueRequestObject(as, client, request, key)
  request = new URLSearchParams({ client_id: client.client_id, request: object })
}
const push = async () =>
  oauth.processPushedAuthorizationResponse(
    as,
    client,
    await oauth.pushedAuthorizationRequest(as, client, authentication, request, options),
  )
let pushed
try {
  pushed = await push()
} catch (error) {
  if (!oauth.isDPoPNonceError(error)) throw error
  pushed = await push()
}
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri })
const back = await open(url)
const parameters = signs
  ? await oauth.validateJwtAuthResponse(as, client, back, state, plain)
  : oauth.validateAuthResponse(as, client, back, state)
const redeem = (how) =>
  oauth.authorizationCodeGrantRequest(
    as,
    client,
    authentication,
    parameters,
    wanted.redirect_uri,
    verifier,
    how,
  )
const unbound = await refusal(async () =>
  oauth.processAuthorizationCodeResponse(as, client, await redeem(plain)),
)
const tokens = await oauth.processAuthorizationCodeResponse(as, client, await redeem(options), {
  expectedNonce: nonce,
  requireIdToken: true,
})
const claims = oauth.getValidatedIdTokenClaims(tokens)
const refresh = async () =>
  oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, options),
  )
await refresh()
const refreshed = await refresh()
const userinfo = await oauth.processUserInfoResponse(
  as,
  client,
  claims.sub,
  await oauth.userInfoRequest(as, client, refreshed.access_token, options),
)
const address = new URL('/api/v1/user/me', wanted.issuer)
const bare = await oauth
  .protectedResourceRequest(refreshed.access_token, 'GET', address, undefined, undefined, plain)
  .then((response) => response.status)
  .catch((error) => error.status ?? error.cause?.status ?? String(error))
const described = await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, {
  requestJwtResponse: signs,
  ...plain,
})
const introspected = await oauth.processIntrospectionResponse(as, client, described)
if (signs) await oauth.validateApplicationLevelSignature(as, described, plain)

report({
  type: tokens.token_type,
  rotated: refreshed.refresh_token !== undefined,
  unbound,
  bare,
  claims,
  userinfo,
  introspected,
})
