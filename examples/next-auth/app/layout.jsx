export const metadata = { title: 'My app' }

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <main>
          <h1>My app</h1>
          {children}
        </main>
      </body>
    </html>
  )
}
