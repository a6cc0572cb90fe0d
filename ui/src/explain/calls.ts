/** The calls whose answers can be explained, in the order in which Tapline makes them. */
export const calls = [
  { value: "token", label: "Sign in to Google (token)" },
  { value: "crm.projects.get", label: "Look up the project (crm.projects.get)" },
  { value: "crm.testIamPermissions", label: "Ask which rights it has (crm.testIamPermissions)" },
  { value: "iam.keys.create", label: "Make a key (iam.keys.create)" },
  { value: "serviceusage.enable", label: "Switch a service on (serviceusage.enable)" },
  { value: "bigquery.datasets.get", label: "Look up the dataset (bigquery.datasets.get)" },
  { value: "bigquery.tables.list", label: "List the tables (bigquery.tables.list)" },
  { value: "bigquery.tabledata.list", label: "Read a table (bigquery.tabledata.list)" },
  { value: "bigquery.jobs.insert", label: "Run a query (bigquery.jobs.insert)" },
  { value: "bigquery.getQueryResults", label: "Read a query’s rows (bigquery.getQueryResults)" },
  { value: "clevertap.upload", label: "Upload to CleverTap (clevertap.upload)" },
  { value: "network", label: "No answer came (network)" },
] as const;

export type CallName = (typeof calls)[number]["value"];
