// The steps of Create Import, and which fields of a plan belong to which. Pure.

import type { PlanReview } from "../backend/generated/PlanReview";
import type { Problem } from "../backend/generated/Problem";

export const steps = ["configure", "map", "review"] as const;
export type StepName = (typeof steps)[number];

export const stepWords: Record<StepName, string> = {
  configure: "Configure",
  map: "Map",
  review: "Review and run",
};

const configured = ["nickname", "database", "account", "source"];

export function fieldOf(problem: Problem): string {
  return problem.facts["field"] ?? "";
}

export function isAt(problem: Problem, place: string): boolean {
  const field = fieldOf(problem);
  return field === place || field.startsWith(`${place}.`);
}

export function stepOf(problem: Problem): StepName {
  return configured.some((place) => isAt(problem, place)) ? "configure" : "map";
}

export function problemsOf(step: StepName, review: PlanReview | null): Problem[] {
  return (review?.problems ?? []).filter((problem) => step === "review" || stepOf(problem) === step);
}
