// The access token of a session: refreshed in time, and where it is used.
export const issuer = process.env.QUANTIMODO_ISSUER
const { QUANTIMODO_CLIENT_ID: clientId, QUANTIMODO_CLIENT_SECRET: clientSecret } = process.env

let found

/** The metadata of the server, fetched once. */
export async function server() {
  found ??= fetch(new URL('/.well-known/openid-configuration', issuer)).then((response) =>
    response.json(),
  )
  return found
}

/** What a session stores of a token response. */
export function taken({ access_token, refresh_token, id_token, expires_in, expires_at }) {
  const end = expires_at ?? Math.floor(Date.now() / 1000) + expires_in
  return { access_token, refresh_token, ...(id_token && { id_token }), expires_at: end }
}

/**
 * The token of a session with an access token that is valid for another half minute, or null if
 * the server refuses the refresh.
 *
 * Several requests of one page may refresh at once, with one refresh token: shortly after its use
 * the server returns the same next one again.
 */
export async function fresh(token) {
  if (token.expires_at > Date.now() / 1000 + 30) return token
  const { token_endpoint } = await server()
  const response = await fetch(token_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: token.refresh_token,
    }),
    cache: 'no-store',
  })
  const body = await response.json()
  if (response.ok) return { ...token, ...taken(body) }
  if (body.error === 'invalid_grant') return null
  throw new Error(`the refresh was refused: ${body.error} ${body.error_description}`)
}

/** The newest measurements of the person. */
export async function measurements(token) {
  const { access_token } = (await fresh(token)) ?? {}
  if (!access_token) return []
  const address = new URL('/api/v1/measurements?sort=-startTime&limit=5', issuer)
  const headers = { authorization: `Bearer ${access_token}` }
  const response = await fetch(address, { headers, cache: 'no-store' })
  if (!response.ok) throw new Error(`the API refused the request: ${response.status}`)
  return response.json()
}
