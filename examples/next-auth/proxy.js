// Reads the session before each page, so that a refreshed token is in the cookie that is sent back.
export { auth as proxy } from './auth.js'

export const config = { matcher: ['/((?!api|_next|favicon.ico).*)'] }
