// How these scripts talk to the test that runs them: JSON, a line each way.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** What the test asks for: issuer, client_id, client_secret (unless public), redirect_uri, … */
export const wanted = JSON.parse(process.argv[2])

/** Has the person open this address; the address that they come back to. */
export async function open(url) {
  console.log(JSON.stringify({ open: String(url) }))
  const { value } = await lines.next()
  return new URL(JSON.parse(value).back)
}

/** Ends the script with what it found. */
export function report(result) {
  console.log(JSON.stringify({ result }))
  process.exit(0)
}

/** The error that a call ends with, by the server's own code. */
export async function refusal(call) {
  try {
    await call()
  } catch (error) {
    return error.error ?? error.cause?.[0]?.parameters?.error ?? String(error)
  }
  return null
}
