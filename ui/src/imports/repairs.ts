// The repairs of a line, wherever they stand in the plan: at a property, or at the identity. Pure but for the wizard's change.

import type { Repairs } from "../backend/generated/Repairs";
import type { Line } from "./lines";
import { tidyRepairs, withProperty } from "./plan";
import type { ImportWizard } from "./wizard.svelte";

export function wizardRepairs(wizard: ImportWizard, line: Line): { value: Repairs; set: (change: Repairs) => void } {
  const { plan } = wizard;
  if (line.index !== null && line.property) {
    const { index, property } = line;
    const value = property.repairs ?? {};
    return { value, set: (change) => wizard.change(withProperty(plan, index, { repairs: tidyRepairs({ ...value, ...change }) })) };
  }
  const value = plan.identity.repairs ?? {};
  return { value, set: (change) => wizard.change({ ...plan, identity: { ...plan.identity, repairs: tidyRepairs({ ...value, ...change }) } }) };
}
