import { useEffect, useState } from 'react'
import { issuer } from './settings.js'

/** The newest measurements of the person whose access token this is. */
export function Measurements({ token }) {
  const [found, setFound] = useState({ rows: [] })
  useEffect(() => {
    const left = new AbortController()
    read(token, left.signal).then(setFound, (error) => {
      if (!left.signal.aborted) setFound({ rows: [], problem: error.message })
    })
    return () => left.abort()
  }, [token])
  if (found.problem) return <p role="alert">{found.problem}</p>
  return (
    <ul>
      {found.rows.map(({ id, humanTime, variable, value, unit }) => (
        <li key={id}>{`${humanTime} ${variable}: ${value} ${unit}`}</li>
      ))}
    </ul>
  )
}

async function read(token, signal) {
  const response = await fetch(`${issuer}/api/v1/measurements?sort=-startTime&limit=5`, {
    headers: { Authorization: `Bearer ${token}` },
    signal,
  })
  if (!response.ok) throw new Error(`The API refused the request: ${response.status}`)
  return { rows: await response.json() }
}
