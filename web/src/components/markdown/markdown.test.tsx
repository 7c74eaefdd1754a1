import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "./markdown";
import { address, MOST, tree } from "./tree";

const shown = (text: string) => renderToStaticMarkup(<Markdown text={text} />);
/** The elements without their looks. */
const bare = (text: string) => shown(text).replace(/ (class|scope|tabindex|role|aria-[a-z]+|rel|target)="[^"]*"/g, "").replace(/^<div>|<\/div>$/g, "");

test("what people write is shown as they mean it", () => {
  expect(bare("# One\n\nSome **bold**, *soft*, ~~gone~~ and `code`.")).toBe("<h3>One</h3><p>Some <strong>bold</strong>, <em>soft</em>, <del>gone</del> and <code>code</code>.</p>");
  expect(bare("1. a\n2. b\n\n- [x] done\n- [ ] open")).toBe("<ol start=\"1\"><li>a</li><li>b</li></ol><ul><li><span>☑</span>done</li><li><span>☐</span>open</li></ul>");
  expect(bare("> said\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |")).toBe("<blockquote><p>said</p></blockquote><hr/><div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>");
  expect(shown("```rust\nfn main() {}\n```")).toContain("fn main() {}</code>");
  expect(bare("a &amp; b &lt;i&gt; &#65;&#x202e;")).toBe("<p>a &amp; b &lt;i&gt; A</p>");
});

test("links lead where they say, or say where they lead", () => {
  expect(shown("[docs](https://example.com/a)")).toContain("href=\"https://example.com/a\" target=\"_blank\" rel=\"noopener noreferrer nofollow\"");
  expect(bare("[https://bank.example](https://evil.example/x)")).toContain("(evil.example)");
  expect(bare("https://example.com/a")).toBe("<p><a href=\"https://example.com/a\">https://example.com/a</a></p>");
  expect(bare("[the task](/tasks/0190)")).toBe("<p><a href=\"/tasks/0190\">the task</a></p>");
  expect(bare("![a cat](https://example.com/cat.png)")).toBe("<p>[image: a cat] https://example.com/cat.png</p>");
  expect(bare("[x](javascript:alert(1))")).toBe("<p>x (javascript:alert(1))</p>");
});

test("addresses of other kinds, of others in disguise, and of what acts are none", () => {
  const refused = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:x", "//evil.example", "/\\evil.example",
    "\\\\evil.example", "/api/tasks", "/api?x", "/ws/tab", "/answer/abc", "/tasks/../api/tasks", "https://github.com@evil.example/", "https://a:b@evil.example", "mailto:a@example.com", "", "x", "https://", "intent://x"];
  expect(refused.filter((href) => address(href))).toEqual([]);
  expect(["/", "/tasks/1?x=1#top", "/plan", "http://127.0.0.1:3000/", "HTTPS://EXAMPLE.com"].filter((href) => !address(href))).toEqual([]);
});

const VECTORS = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script href=data:,alert(1) /></svg>", "<iframe src=javascript:alert(1)></iframe>",
  "<iframe srcdoc='<script>alert(1)</script>'>", "<body onload=alert(1)>", "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>", "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
  "<a href='javascript:alert(1)'>x</a>", "<base href='https://evil.example/'>", "<meta http-equiv=refresh content='0;url=https://evil.example'>", "<link rel=stylesheet href=//evil.example/x.css>",
  "<style>*{background:url(//evil.example)}</style>", "<object data=javascript:alert(1)>", "<embed src=//evil.example/x.swf>", "<form action=//evil.example><button>x</button></form>",
  "<video><source onerror=alert(1)></video>", "<template><script>alert(1)</script></template>", "<!--><script>alert(1)</script>-->", "<![CDATA[<script>alert(1)</script>]]>", "<?php echo 1 ?>",
  "[x](javascript:alert(1))", "[x](JAVASCRIPT:alert(1))", "[x](java\nscript:alert(1))", "[x](java&#10;script:alert(1))", "[x](&#106;avascript:alert(1))", "[x](javascript&colon;alert(1))",
  "[x](\u0001javascript:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:msgbox(1))", "[x](//evil.example)", "[x](\\\\evil.example)", "[x](/api/session)", "[x](https://a@evil.example)",
  "![x](javascript:alert(1))", "![x](https://evil.example/track.png)", "![x\" onerror=\"alert(1)](x)", "<javascript:alert(1)>", "<https://evil.example/\"onmouseover=alert(1)>", "[x]: javascript:alert(1)\n\n[x]",
  "[x](https://evil.example \"t\" onclick=alert(1))", "`<script>alert(1)</script>`", "```html\n<script>alert(1)</script>\n```", "```\"><script>alert(1)</script>\nx\n```", "\u001b]8;;javascript:alert(1)\u0007x\u001b]8;;\u0007",
  "\u202e<script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;",
];
const PLACES: ((vector: string) => string)[] = [
  (vector) => vector, (vector) => `# ${vector}`, (vector) => `- a\n- ${vector}\n`, (vector) => `> ${vector}`, (vector) => `| a | b |\n|---|---|\n| ${vector.replaceAll("\n", " ")} | x |`, (vector) => `**${vector}** [${vector}](https://example.com)`,
];
const ALLOWED = /^(div|p|h3|figure|figcaption|span|button|pre|code|blockquote|ul|ol|li|table|thead|tbody|tr|th|td|hr|strong|em|del|br|a|svg|path|rect)$/;
const ATTRIBUTES = /^(class|role|aria-[a-z]+|tabindex|type|href|rel|target|start|scope|xmlns|width|height|viewBox|fill|stroke|stroke-width|stroke-linecap|stroke-linejoin|d|x|y|rx|ry)$/;

/** What of the markup is neither text nor allowed. */
function suspects(html: string): string[] {
  const found: string[] = [];
  for (const [, name = "", attributes = ""] of html.matchAll(/<([a-zA-Z!?][^\s/>]*)((?:[^">]|"[^"]*")*)>/g)) {
    if (!ALLOWED.test(name)) found.push(name);
    for (const [, key = "", value = ""] of attributes.matchAll(/([^\s=/"]+)(?:="([^"]*)")?/g)) {
      if (!ATTRIBUTES.test(key)) found.push(`${name} ${key}`);
      if (key === "href" && !/^(https?:\/\/[^@]*$|\/(?!\/|api|ws|answer))/.test(value)) found.push(`href ${value}`);
    }
  }
  return found;
}

test("300 hostile texts are text", () => {
  const payloads = VECTORS.flatMap((vector) => PLACES.map((place) => place(vector)));
  expect(payloads).toHaveLength(300);
  for (const payload of payloads) expect(suspects(shown(payload)), payload).toEqual([]);
});

test("the search for suspects finds what is one", () => {
  expect(suspects("<p><img src=\"x\" onerror=\"alert(1)\"></p>")).toEqual(["img", "img src", "img onerror"]);
  expect(suspects("<a href=\"javascript:alert(1)\">x</a>")).toEqual(["href javascript:alert(1)"]);
});

test("whatever is nested, unclosed or endless is read in a bounded time", () => {
  const hard = [">".repeat(5_000), "[".repeat(20_000), "*a ".repeat(20_000), "_".repeat(30_000), "`".repeat(20_001), "- ".repeat(2_000), "![".repeat(10_000), "a**b".repeat(3_900), "<".repeat(30_000), "|".repeat(20_000),
    "[a](".repeat(8_000), "\n".repeat(60_000), `${"| a ".repeat(400)}|\n${"|---".repeat(400)}|\n${`${"| b ".repeat(400)}|\n`.repeat(20)}`];
  for (const text of hard) {
    const before = performance.now();
    expect(suspects(shown(text))).toEqual([]);
    expect(performance.now() - before, text.slice(0, 20)).toBeLessThan(3_000);
  }
  expect(tree("x".repeat(MOST + 1))).toHaveLength(1);
});
