// openid-client, unmodified, as a public client whose tokens are bound to a DPoP key (RFC 9449).
import * as client from 'openid-client'
import { open, refusal, report, wanted } from './conversation.mjs'

const config = await client.discovery(
  new URL(wanted.issuer),
  wanted.client_id,
  { id_token_signed_response_alg: wanted.id_token_alg },
  client.None(),
  { algorithm: wanted.algorithm, execute: [client.allowInsecureRequests] },
)
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
const stranger = client.getDPoPHandle(config, await client.randomDPoPKeyPair())
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const back = await open(
  client.buildAuthorizationUrl(config, {
    redirect_uri: wanted.redirect_uri,
    scope: wanted.scope,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    dpop_jkt: await DPoP.calculateThumbprint(),
  }),
)
const tokens = await client.authorizationCodeGrant(
  config,
  back,
  { pkceCodeVerifier, expectedState },
  undefined,
  { DPoP },
)
const userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })
const foreign = await refusal(() =>
  client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: stranger }),
)
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const me = (handle) =>
  client.fetchProtectedResource(
    config,
    refreshed.access_token,
    new URL('/api/v1/user/me', wanted.issuer),
    'GET',
    undefined,
    undefined,
    handle,
  )
const found = await me({ DPoP })
const bearer = await client
  .fetchProtectedResource(
    config,
    refreshed.access_token,
    new URL('/api/v1/user/me', wanted.issuer),
    'GET',
  )
  .then((response) => response.status)
  .catch((error) => error.status ?? error.cause?.status ?? String(error))

report({
  types: [tokens.token_type, refreshed.token_type],
  userinfo,
  me: await found.json(),
  foreign,
  bearer,
})
