// openid-client registers itself with all that it can do, signs a person in, and manages itself.
import * as client from 'openid-client'
import { open, refusal, report, wanted } from './conversation.mjs'

const bytes = async (key) => ({ ...(await crypto.subtle.exportKey('jwk', key)), key_ops: undefined })
const signing = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
  'sign',
  'verify',
])
const opening = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
  'deriveBits',
])
const jwks = {
  keys: [
    { ...(await bytes(signing.publicKey)), kid: 'signs', use: 'sig', alg: 'ES256' },
    { ...(await bytes(opening.publicKey)), kid: 'opens', use: 'enc', alg: 'ECDH-ES' },
  ],
}
const key = { key: signing.privateKey, kid: 'signs' }
const everything = {
  token_endpoint_auth_signing_alg: 'ES256',
  jwks,
  subject_type: 'pairwise',
  id_token_signed_response_alg: 'PS256',
  id_token_encrypted_response_alg: 'ECDH-ES',
  id_token_encrypted_response_enc: 'A128GCM',
  request_object_signing_alg: 'ES256',
  authorization_signed_response_alg: 'ES256',
}
const metadata = {
  client_name: 'By itself',
  redirect_uris: [wanted.redirect_uri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: wanted.method,
  ...(wanted.everything ? everything : {}),
}
const authentication = {
  client_secret_basic: client.ClientSecretBasic(),
  client_secret_post: client.ClientSecretPost(),
  client_secret_jwt: client.ClientSecretJwt(),
  private_key_jwt: client.PrivateKeyJwt(key),
  none: client.None(),
}[wanted.method]
const register = (initialAccessToken) =>
  client.dynamicClientRegistration(
    new URL(wanted.issuer),
    metadata,
    authentication,
    { initialAccessToken, execute: [client.allowInsecureRequests] },
  )

const config = await register(wanted.token)
client.enableNonRepudiationChecks(config)
if (wanted.everything) {
  client.useJwtResponseMode(config)
  client.enableDecryptingResponses(config, ['A128GCM'], { key: opening.privateKey, kid: 'opens' })
}
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
const parameters = {
  redirect_uri: wanted.redirect_uri,
  scope: 'openid email offline_access',
  state: expectedState,
  nonce: expectedNonce,
  prompt: 'consent',
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
}
const back = await open(
  wanted.everything
    ? await client.buildAuthorizationUrlWithJAR(config, parameters, key)
    : client.buildAuthorizationUrl(config, parameters),
)
const tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
})
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)

const mine = config.clientMetadata()
const manage = (method, body) =>
  fetch(mine.registration_client_uri, {
    method,
    headers: {
      authorization: `Bearer ${mine.registration_access_token}`,
      'content-type': 'application/json',
    },
    body: body && JSON.stringify(body),
  })
const read = await (await manage('GET')).json()
const edited = await (
  await manage('PUT', { ...metadata, client_id: mine.client_id, client_name: 'Renamed' })
).json()
const deleted = (await manage('DELETE')).status
report({
  claims,
  userinfo,
  refreshed: typeof refreshed.access_token,
  names: [mine.client_name, read.client_name, edited.client_name],
  deleted,
  afterwards: (await manage('GET')).status,
  spent: await refusal(() => register(wanted.token)),
})
