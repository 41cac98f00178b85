// Serves the page. Any server of static files does: these are the files, and the headers to send.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { issuer, redirectUri } from './config.js'

const { resolve } = createRequire(import.meta.url)
const here = new URL(redirectUri)
const read = (file) => readFileSync(new URL(file, import.meta.url))
const javascript = 'text/javascript; charset=utf-8'
const page = { type: 'text/html; charset=utf-8', body: read('index.html') }
const library = resolve('oidc-client-ts').replace(/dist.*/, 'dist/browser/oidc-client-ts.min.js')
const files = {
  '/': page,
  [here.pathname]: page,
  '/app.js': { type: javascript, body: read('app.js') },
  '/config.js': { type: javascript, body: read('config.js') },
  '/oidc-client-ts.js': { type: javascript, body: readFileSync(library) },
}

createServer((request, response) => {
  const file = files[new URL(request.url, here).pathname]
  if (!file) return response.writeHead(404).end()
  response.setHeader('content-type', file.type)
  // A script that does not come from here cannot read the tokens, and no data leave for elsewhere.
  response.setHeader(
    'content-security-policy',
    `default-src 'self'; connect-src 'self' ${issuer}; frame-ancestors 'none'`,
  )
  response.setHeader('referrer-policy', 'no-referrer')
  response.end(file.body)
}).listen(Number(here.port), here.hostname, () => console.log(`Open ${here.origin}`))
