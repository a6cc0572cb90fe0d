import type { Answer } from "../backend/generated/Answer";
import type { Problem } from "../backend/generated/Problem";
import type { Shell } from "../backend/generated/Shell";

const vendors: Partial<Record<Problem["voice"], string>> = { google: "Google", clever_tap: "CleverTap" };

/** Who answered, where it is certain: a page that a proxy sent is nobody's answer. */
function vendorOf({ voice }: Problem): string | null {
  return vendors[voice] ?? null;
}

/** "Google said". */
export function saidBy(problem: Problem): string {
  return `${vendorOf(problem) ?? "The answer"} said`;
}

/** "What Google answered". */
export function answeredBy(problem: Problem): string {
  const vendor = vendorOf(problem);
  return vendor ? `What ${vendor} answered` : "What came back";
}

/** What the button to a page outside says. */
export function nameOfPage(url: string): string {
  return URL.canParse(url) && new URL(url).hostname === "console.cloud.google.com" ? "Open Google’s console" : "Open the page";
}

/** A shell that people type into. Where there is a choice, the one for every system is Google's own. */
export function nameOfShell(shell: Shell): string {
  return { posix: "Cloud Shell", power_shell: "PowerShell", command_prompt: "Command Prompt" }[shell];
}

/** The answer as one text: its status, then its body as it came. */
export function rawOf({ status, body }: Answer): string {
  return [status === null ? null : `HTTP ${status}`, body].filter(Boolean).join("\n");
}
