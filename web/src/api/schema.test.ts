import openapiTypescript, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, test } from "vitest";
import document from "./openapi.json?raw";
import schema from "./schema.ts?raw";

test("the types are those of the document: if this fails, run `make schema`", async () => {
  const made = COMMENT_HEADER + astToString(await openapiTypescript(document, { defaultNonNullable: false }));
  expect(schema === made).toBe(true);
});
