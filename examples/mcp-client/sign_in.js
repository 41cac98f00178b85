// What the SDK needs to sign a person in: where it stores things, and how the browser comes back.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

const FILE = new URL('.signed-in.json', import.meta.url)

/** An `OAuthClientProvider` of the SDK. Tokens are in a file that only this user can read. */
export class SignIn {
  #stored = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
  #state
  #verifier
  #code

  constructor({ issuer, clientId, redirectUri }) {
    this.issuer = issuer
    this.clientId = clientId
    this.redirectUrl = redirectUri
  }

  get clientMetadata() {
    return {
      client_name: 'My agent',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }

  /** The registered client. Without an id the SDK registers one, where the server allows it. */
  clientInformation() {
    const { clientId: client_id, issuer } = this
    return client_id ? { client_id, issuer } : this.#stored.client
  }

  saveClientInformation = (client) => this.#store({ client })
  tokens = () => this.#stored.tokens
  saveTokens = (tokens) => this.#store({ tokens })
  state = () => (this.#state = randomUUID())
  saveCodeVerifier = (verifier) => (this.#verifier = verifier)
  codeVerifier = () => this.#verifier

  /** Called when the server refuses what is stored: the SDK signs the person in again. */
  invalidateCredentials(what) {
    if (what === 'tokens' || what === 'all') this.#store({ tokens: undefined })
    if (what === 'client' || what === 'all') this.#store({ client: undefined })
  }

  async redirectToAuthorization(url) {
    const { promise, resolve, reject } = returned()
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, this.redirectUrl)
      if (pathname !== new URL(this.redirectUrl).pathname) return response.writeHead(404).end()
      response.end('You can close this page, and go back to the agent.')
      server.close()
      try {
        resolve(this.#checked(searchParams))
      } catch (error) {
        reject(error)
      }
    })
    const { hostname, port } = new URL(this.redirectUrl)
    await new Promise((listening) => server.listen(Number(port), hostname, listening))
    this.#code = promise
    console.log(`Open ${url.href}`)
  }

  /** The code, when the browser has come back. */
  code = () => this.#code

  #checked(parameters) {
    const error = parameters.get('error')
    // The state ties the response to this request, and `iss` to this server (RFC 9207).
    if (parameters.get('state') !== this.#state) throw new Error('this is another sign-in')
    if (parameters.get('iss') !== this.issuer) throw new Error('this is another server')
    if (error) throw new Error(`${error}: ${parameters.get('error_description') ?? ''}`)
    return parameters.get('code')
  }

  #store(changes) {
    Object.assign(this.#stored, changes)
    writeFileSync(FILE, JSON.stringify(this.#stored), { mode: 0o600 })
  }

  /** Revokes the tokens at the server, and deletes them here. */
  async signOut() {
    const { tokens } = this.#stored
    if (tokens) {
      const found = await fetch(new URL('/.well-known/oauth-authorization-server', this.issuer))
      const { revocation_endpoint } = await found.json()
      const { client_id } = this.clientInformation()
      const body = new URLSearchParams({ token: tokens.refresh_token, client_id })
      const response = await fetch(revocation_endpoint, { method: 'POST', body })
      if (!response.ok) throw new Error(await response.text())
    }
    rmSync(FILE, { force: true })
  }
}

function returned() {
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
