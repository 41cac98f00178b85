// A website that signs people in with OpenID Connect, and reads their measurements.
import express from 'express'
import session from 'express-session'
import { randomBytes } from 'node:crypto'
import * as signIn from './sign_in.js'
import { page } from './page.js'

const app = express()
app.use(
  session({
    name: 'session',
    // Sessions are in memory here, and end with the process. Use a store in production.
    secret: randomBytes(32).toString('base64url'),
    cookie: { httpOnly: true, sameSite: 'lax', secure: signIn.here.protocol === 'https:' },
    resave: false,
    saveUninitialized: false,
  }),
)

app.get('/', async (request, response) => {
  const { person } = request.session
  if (!person) return response.send(page.signedOut())
  try {
    const measurements = await signIn.measurements(request.session)
    response.send(page.signedIn(person, measurements))
  } catch (error) {
    // The person signed out elsewhere, or took the access back.
    if (error.error !== 'invalid_grant') throw error
    await renewed(request)
    response.send(page.signedOut('Your sign-in has ended.'))
  }
})

app.get('/sign-in', async (request, response) => {
  const { url, checks } = await signIn.begin()
  request.session.checks = checks
  response.redirect(url)
})

app.get(signIn.here.pathname, async (request, response) => {
  const { checks } = request.session
  if (!checks) return response.status(400).send(page.problem('This sign-in was not begun here.'))
  delete request.session.checks
  const found = await signIn.finish(new URL(request.originalUrl, signIn.here), checks)
  // A new session id, so that one which was known before the sign-in is worth nothing.
  await renewed(request)
  Object.assign(request.session, found)
  response.redirect('/')
})

app.post('/sign-out', async (request, response) => {
  const { tokens } = request.session
  await renewed(request)
  response.redirect(tokens ? signIn.endOfSession(tokens.id_token) : '/')
})

app.use((error, request, response, next) => {
  console.error(error)
  const code = error.error ?? 'server_error'
  const reason = error.error_description ?? 'See the log of this application.'
  response.status(error.error ? 400 : 500).send(page.problem(`${code}: ${reason}`))
})

/** Replaces the session of a request by an empty one. */
function renewed(request) {
  return new Promise((resolve, reject) =>
    request.session.regenerate((error) => (error ? reject(error) : resolve())),
  )
}

app.listen(Number(signIn.here.port), '127.0.0.1', () =>
  console.log(`Open ${signIn.here.origin}`),
)
