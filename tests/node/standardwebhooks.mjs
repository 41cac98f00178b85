// Verifies deliveries with the library of receivers: reads [{secret, body, headers}] as JSON from the
// standard input, and writes for each the payload, or the message of the refusal.
import { Webhook } from "standardwebhooks";

let text = "";
for await (const part of process.stdin) text += part;

const results = JSON.parse(text).map(({ secret, body, headers }) => {
  try {
    return { payload: new Webhook(secret).verify(body, headers) };
  } catch (error) {
    return { refused: error.message };
  }
});
console.log(JSON.stringify(results));
