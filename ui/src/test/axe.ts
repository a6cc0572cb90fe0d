import axe from "axe-core";

/** What an accessibility scan finds in the page. Colours and sizes are the browser tests' to judge: nothing is painted here. */
export async function axeFinds(within: Element = document.body): Promise<string[]> {
  const { violations } = await axe.run(within, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false }, "page-has-heading-one": { enabled: false } },
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}
