// The pages, as text. Values of people are escaped.
const signInLink = '<p><a href="/sign-in">Sign in with quantimodo</a></p>'

export const page = {
  signedOut: (notice = '') => document(`<p>${escaped(notice)}</p>${signInLink}`),
  problem: (reason) =>
    document(`<p role="alert">The sign-in did not succeed. ${escaped(reason)}</p>${signInLink}`),
  signedIn: (person, measurements) =>
    document(`<p>Signed in as ${escaped(person.name ?? person.sub)}</p>
      <ul>${measurements.map(row).join('')}</ul>
      <form method="post" action="/sign-out"><button>Sign out</button></form>`),
}

function row({ variable, value, unit, humanTime }) {
  return `<li>${escaped(`${humanTime} ${variable}: ${value} ${unit}`)}</li>`
}

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt()};`)
}

function document(body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>My app</title>
    <main><h1>My app</h1>${body}</main></html>`
}
