//! The CDNOW purchases, loaded as `shop.purchases`, and the customers made of them by SQL.

use std::fmt::Write as _;

use serde_json::json;

use super::{Column, LoadError, key};
use crate::google::Google;

/// Kept in the program, so that the sandbox needs no folder of the project's at run time.
const PURCHASES: &str = include_str!("../../../../data/cdnow_master.txt");

const CUSTOMERS: &str = "CREATE OR REPLACE TABLE shop.customers AS
SELECT customer_id, MIN(purchased_on) AS first_purchase, COUNT(*) AS purchases, SUM(cds) AS cds,
  SUM(dollars) AS dollars, TIMESTAMP(MAX(purchased_on)) AS updated_at
FROM shop.purchases GROUP BY customer_id";

impl Google {
    /// Loads 69,659 purchases and makes 23,570 customers of them, in a second or two. Needs the SQL engine.
    pub async fn load_cdnow(&self) -> Result<(), LoadError> {
        let Some(engine) = &self.inner.engine else {
            return Err(LoadError::Engine("CDNOW needs the SQL engine".into()));
        };
        let file = engine.folder().join("cdnow.csv");
        tokio::fs::write(&file, as_csv(PURCHASES))
            .await
            .map_err(LoadError::Write)?;
        let columns = [
            ("customer_id", "STRING"),
            ("purchased_on", "DATE"),
            ("cds", "INT64"),
            ("dollars", "NUMERIC"),
        ];
        let fields: Vec<_> = columns
            .iter()
            .map(|(name, kind)| Column::new(name, kind).field())
            .collect();
        let purchases = key(self.project(), "shop", "purchases");
        self.load_file(
            &purchases,
            &fields,
            &file.to_string_lossy(),
            json!({"sourceFormat": "CSV"}),
        )
        .await?;
        self.run_sql(CUSTOMERS).await?;
        Ok(())
    }
}

fn as_csv(text: &str) -> String {
    let mut csv = String::with_capacity(text.len());
    for line in text.lines().skip(1) {
        let fields: Vec<_> = line.split_whitespace().collect();
        if let [customer, date, cds, dollars] = fields[..] {
            let day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
            let _ = writeln!(csv, "{customer},{day},{cds},{dollars}"); // writing to a string does not fail
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::{PURCHASES, as_csv};

    #[test]
    fn every_purchase_becomes_a_line() {
        let csv = as_csv(PURCHASES);
        assert_eq!(csv.lines().count(), 69_659, "none is lost, identical ones included");
        assert_eq!(csv.lines().next(), Some("00001,1997-01-01,1,11.77"), "the first one");
    }
}
