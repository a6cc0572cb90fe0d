// Problems as the notes that stand under fields. Pure.

import type { Problem } from "../backend/generated/Problem";
import type { FieldNote } from "../kit/field";

export function sentence({ title, explanation }: Problem): string {
  return explanation ? `${title}. ${explanation}` : `${title}.`;
}

/** What to say under a field, with the better value to press where one is known. */
export function noteOf(problem: Problem | null, onuse?: (value: string) => void): FieldNote | null {
  if (!problem) return null;
  const better = problem.facts["suggestion"];
  return {
    text: sentence(problem),
    ...(better && onuse ? { fix: { label: `Use ${better}`, press: () => onuse(better) } } : {}),
  };
}
