// Checks of access tokens: signature, issuer, audience, time, scope (RFC 9068 §4), by jose.
import { createRemoteJWKSet, jwtVerify } from 'jose'

const {
  QUANTIMODO_ISSUER: issuer,
  QUANTIMODO_CLIENT_ID: clientId,
  QUANTIMODO_CLIENT_SECRET: clientSecret,
  API_IDENTIFIER: identifier,
} = process.env

const found = await fetch(new URL('/.well-known/oauth-authorization-server', issuer))
const server = await found.json()
if (server.issuer !== issuer) throw new Error(`the server is ${server.issuer}, not ${issuer}`)
// Fetched when it is needed, and again for a key that is not in it yet.
const keys = createRemoteJWKSet(new URL(server.jwks_uri))

/** The metadata of this API. */
export const metadata = {
  resource: identifier,
  authorization_servers: [issuer],
  scopes_supported: ['tasks:read', 'tasks:write'],
  bearer_methods_supported: ['header'],
}
const address = new URL('/.well-known/oauth-protected-resource', identifier)

/** Admits requests with a valid token that has `scope`. With `current` the server is asked too. */
export function requires(scope, { current = false } = {}) {
  return async (request, response, next) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? []
    if (!token) return refuse(response, 401, {})
    const claims = await verified(token)
    if (!claims || (current && !(await isActive(token)))) {
      return refuse(response, 401, { error: 'invalid_token' })
    }
    if (!(claims.scope ?? '').split(' ').includes(scope)) {
      return refuse(response, 403, { error: 'insufficient_scope', scope })
    }
    request.token = claims
    next()
  }
}

// Codes of jose for a fault of the token. Another error, such as a key set that cannot be
// fetched, is no fault of the caller: it becomes a 500.
const REFUSED = /^ERR_(JWT_|JWS_|JWKS_NO_MATCHING_KEY|JOSE_ALG_NOT_ALLOWED|JOSE_NOT_SUPPORTED)/

async function verified(token) {
  try {
    const { payload } = await jwtVerify(token, keys, {
      typ: 'at+jwt', // an ID token is no access token
      algorithms: ['ES256'],
      issuer,
      audience: identifier, // a token for another API is not for this one
      requiredClaims: ['sub', 'exp', 'client_id'],
    })
    // A token that is bound to a key needs a proof (RFC 9449 §7), which this API does not check.
    return payload.cnf ? null : payload
  } catch (error) {
    if (REFUSED.test(error.code)) return null
    throw error
  }
}

/** Whether the server still accepts the token: introspection (RFC 7662). */
async function isActive(token) {
  const response = await fetch(server.introspection_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ token }),
  })
  if (!response.ok) throw new Error(`the introspection was refused: ${await response.text()}`)
  const { active, aud } = await response.json()
  return active && aud === identifier
}

function refuse(response, status, parameters) {
  const named = Object.entries({ ...parameters, resource_metadata: address.href })
  const challenge = named.map(([name, value]) => `${name}="${value}"`).join(', ')
  response.status(status).set('www-authenticate', `Bearer ${challenge}`).json(parameters)
}
