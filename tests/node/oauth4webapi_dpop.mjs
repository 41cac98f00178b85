// oauth4webapi, unmodified, as a public client whose tokens are bound to a DPoP key (RFC 9449).
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
const handle = async () => oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
const DPoP = await handle()
const stranger = await handle()
const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const url = new URL(as.authorization_endpoint)
url.search = new URLSearchParams({
  client_id: client.client_id,
  response_type: 'code',
  redirect_uri: wanted.redirect_uri,
  scope: wanted.scope,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  dpop_jkt: await DPoP.calculateThumbprint(),
})
const parameters = oauth.validateAuthResponse(as, client, await open(url), state)
const tokens = await oauth.processAuthorizationCodeResponse(
  as,
  client,
  await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    parameters,
    wanted.redirect_uri,
    verifier,
    { DPoP, ...plain },
  ),
)
const refresh = async (key) =>
  oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token, {
      DPoP: key,
      ...plain,
    }),
  )
const foreign = await refusal(() => refresh(stranger))
const refreshed = await refresh(DPoP)
const userinfo = await oauth.processUserInfoResponse(
  as,
  client,
  oauth.getValidatedIdTokenClaims(tokens).sub,
  await oauth.userInfoRequest(as, client, refreshed.access_token, { DPoP, ...plain }),
)
const address = new URL('/api/v1/user/me', wanted.issuer)
const me = (options) =>
  oauth.protectedResourceRequest(
    refreshed.access_token,
    'GET',
    address,
    undefined,
    undefined,
    options,
  )
const found = await me({ DPoP, ...plain })
const bearer = await me(plain)
  .then((response) => response.status)
  .catch((error) => error.status ?? error.cause?.status ?? String(error))

report({
  types: [tokens.token_type, refreshed.token_type],
  userinfo,
  me: await found.json(),
  foreign,
  bearer,
})
