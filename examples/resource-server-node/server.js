// An API whose callers have access tokens of quantimodo.
import express from 'express'
import { metadata, requires } from './tokens.js'

const identifier = new URL(process.env.API_IDENTIFIER)
const app = express()
app.use(express.json())

// What this API accepts (RFC 9728): a client that knows only its address finds the server by it.
app.get('/.well-known/oauth-protected-resource', (request, response) => {
  response.json(metadata)
})

const tasks = new Map()

app.get('/tasks', requires('tasks:read'), (request, response) => {
  response.json(tasks.get(request.token.sub) ?? [])
})

// A change asks the server whether the token is still valid, so that a revocation counts at once.
app.post('/tasks', requires('tasks:write', { current: true }), (request, response) => {
  const { title } = request.body ?? {}
  if (typeof title !== 'string' || title.length > 200) {
    return response.status(400).json({ error: 'a title of at most 200 characters is needed' })
  }
  const { sub } = request.token
  const task = { title, by: request.token.client_id }
  tasks.set(sub, [...(tasks.get(sub) ?? []), task])
  response.status(201).json(task)
})

app.listen(Number(identifier.port), identifier.hostname, () =>
  console.log(`Listening on ${identifier.origin}`),
)
