// The OpenID Connect client: code flow with PKCE, refresh and sign-out, by openid-client.
import * as client from 'openid-client'

const {
  QUANTIMODO_ISSUER: issuer,
  QUANTIMODO_CLIENT_ID: clientId,
  QUANTIMODO_CLIENT_SECRET: clientSecret,
  QUANTIMODO_REDIRECT_URI: redirectUri,
} = process.env

/** The redirect URI, by which this application knows its address. */
export const here = new URL(redirectUri)

// Plain http is for a server on this machine only.
const execute = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
  execute,
})

/** The address that signs a person in, and what the callback has to be checked with. */
export async function begin() {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  }
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile readmeasurements',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  return { url: url.href, checks }
}

/** Who came back to `address`, and the tokens: state, issuer, nonce and ID token are verified. */
export async function finish(address, checks) {
  const response = await client.authorizationCodeGrant(config, address, {
    ...checks,
    idTokenExpected: true,
  })
  const { sub } = response.claims()
  const { name } = await client.fetchUserInfo(config, response.access_token, sub)
  return { person: { sub, name }, tokens: stored(response) }
}

/** The newest measurements of the person of this session. */
export async function measurements(session) {
  const address = new URL('/api/v1/measurements?sort=-startTime&limit=5', issuer)
  const token = await accessToken(session)
  const response = await client.fetchProtectedResource(config, token, address, 'GET')
  return response.json()
}

/** The address that signs the person out here and at the server. */
export function endOfSession(idToken) {
  return client.buildEndSessionUrl(config, {
    id_token_hint: idToken,
    post_logout_redirect_uri: `${here.origin}/`,
  }).href
}

/** An access token that is valid for another half minute, by a refresh if it has to be. */
async function accessToken(session) {
  if (session.tokens.expires_at < Date.now() + 30_000) {
    const { refresh_token, id_token } = session.tokens
    const response = await client.refreshTokenGrant(config, refresh_token)
    session.tokens = { id_token, ...stored(response) }
  }
  return session.tokens.access_token
}

function stored(response) {
  const { access_token, refresh_token, id_token } = response
  return {
    access_token,
    refresh_token,
    ...(id_token && { id_token }),
    expires_at: Date.now() + response.expires_in * 1000,
  }
}
