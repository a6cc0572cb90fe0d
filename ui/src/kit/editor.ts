// The editor itself, some 400 kB of it: loaded when the first text is to be edited, and not before.

import { closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { sql, StandardSQL } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { CodeError, CodeLanguage, EditorOptions } from "./code";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--accent-text)", fontWeight: "var(--weight-strong)" },
  { tag: [tags.propertyName, tags.typeName], color: "var(--accent-text)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--passed-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--running-text)" },
  { tag: tags.comment, color: "var(--text-3)" },
]);

const looks = EditorView.theme({
  "&": { fontSize: "var(--text-xs)", color: "var(--text)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "var(--leading)" },
  ".cm-content": { caretColor: "var(--text)", paddingBlock: "var(--space-2)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--text-3)", border: "none" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selected)" },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "var(--hairline) solid var(--line-strong)", borderRadius: "var(--radius-2)" },
  ".cm-diagnostic-error": { borderLeft: "var(--thick) solid var(--failed-fill)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--failed-fill)", textUnderlineOffset: "0.2em" },
});

function languageOf(language: CodeLanguage): Extension {
  return language === "json" ? json() : sql({ dialect: StandardSQL, upperCaseKeywords: true });
}

export function openEditor(parent: HTMLElement, options: EditorOptions): EditorView {
  const state = EditorState.create({
    doc: options.text,
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      languageOf(options.language),
      syntaxHighlighting(colours),
      lintGutter(),
      looks,
      EditorView.lineWrapping,
      // Tab goes on to the next field: nobody is caught in the text.
      keymap.of([...defaultKeymap.filter((binding) => binding.key !== "Mod-Enter"), ...historyKeymap]),
      options.placeholder ? placeholder(options.placeholder) : [],
      EditorView.contentAttributes.of({ spellcheck: "false", autocapitalize: "off", ...options.attributes }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) options.onchange(update.state.doc.toString());
        if (update.focusChanged && !update.view.hasFocus) options.onblur?.();
      }),
    ],
  });
  return new EditorView({ parent, state });
}

/** Replaces the text without keeping the old one in the history: a key that was pasted is gone for good. */
export function replaceText(view: EditorView, parent: HTMLElement, text: string, options: EditorOptions): EditorView {
  view.destroy();
  return openEditor(parent, { ...options, text });
}

export function markErrors(view: EditorView, errors: readonly CodeError[]): void {
  const end = view.state.doc.length;
  const diagnostics: Diagnostic[] = errors.map((error) => {
    const from = Math.min(Math.max(error.from, 0), end);
    const to = Math.min(Math.max(error.to ?? from + 1, from), end);
    return { from, to, severity: "error", message: error.text };
  });
  view.dispatch(setDiagnostics(view.state, diagnostics));
  const first = diagnostics[0];
  if (first) view.dispatch({ effects: EditorView.scrollIntoView(first.from, { y: "center" }) });
}
