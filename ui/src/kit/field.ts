/** What stands under a field in place of its hint. */
export type FieldNote = {
  text: string;
  /** The one press that mends it. */
  fix?: { label: string; press: () => void };
};

/** What a control inside a Field must carry. */
export type FieldAttributes = {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": "true" | undefined;
};
