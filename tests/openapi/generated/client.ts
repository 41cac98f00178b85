// The client that openapi-generator makes for TypeScript, at work: compiled and run beside it, with what
// it needs as JSON in its first argument; prints what it got as JSON.
import {
  Configuration, DiscoveryApi, GetTokensGrantTypeEnum, MeasurementSetCombinationOperationEnum,
  MeasurementsApi, PeopleApi, ResponseError, TokensApi,
} from "./client";

declare const process: { argv: string[] };

async function main(): Promise<void> {
  const given = JSON.parse(process.argv[2]!);
  const basePath: string = given.issuer;
  const app = { clientId: given.client_id as string, clientSecret: given.client_secret as string };
  const tokens = new TokensApi(new Configuration({ basePath }));
  const bought = await tokens.getTokens({
    grantType: GetTokensGrantTypeEnum.AuthorizationCode,
    code: given.code,
    redirectUri: given.redirect_uri,
    codeVerifier: given.code_verifier,
    ...app,
  });
  const fresh = await tokens.getTokens({
    grantType: GetTokensGrantTypeEnum.RefreshToken, refreshToken: bought.refreshToken, ...app,
  });
  const session = new Configuration({ basePath, accessToken: fresh.accessToken });
  const people = new PeopleApi(session);
  const person = await people.getUser();
  const userinfo = await people.getUserInfo();
  const measurements = new MeasurementsApi(session);
  const added = await measurements.addMeasurements({
    measurementSet: [{
      variableName: "Sleep Quality",
      sourceName: "Generated",
      variableCategoryName: "Sleep",
      combinationOperation: MeasurementSetCombinationOperationEnum.Mean,
      abbreviatedUnitName: "/5",
      measurements: [0, 1].map((number) => ({ startTime: 1439389320 + 60 * number, value: 3 })),
    }],
  });
  const listed = await measurements.listMeasurementsRaw({ limit: 1, sort: "-startTime" });
  const [newest] = await listed.value();
  const changed = await measurements.changeMeasurement({
    id: newest!.id, measurementChange: { value: 4 },
  });
  const variable = await measurements.getVariable({ name: "Sleep Quality" });
  const sheet = await measurements.exportMeasurements();
  const alive = await tokens.introspectToken({ token: fresh.accessToken, ...app });
  await tokens.revokeToken({ token: fresh.refreshToken!, ...app });
  let refused: unknown = null;
  try {
    await people.getUser();
  } catch (refusal) {
    if (!(refusal instanceof ResponseError)) throw refusal;
    refused = [refusal.response.status, (await refusal.response.json()).error];
  }
  const keys = await new DiscoveryApi(session).getKeys();
  console.log(JSON.stringify({
    "person": person.id,
    "subject": userinfo.sub,
    "email": userinfo.email,
    "added": added.success,
    "total": Number(listed.raw.headers.get("Total-Count")),
    "listed": [newest!.startTime],
    "changed": changed.value,
    "counted": variable.numberOfMeasurements,
    "lines": sheet.trimEnd().split("\n").length,
    "active": alive.active,
    "refused": refused,
    "first key": keys.keys[0]!.alg,
  }));
}

void main();
