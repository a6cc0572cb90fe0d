use tapline_core::clevertap as core;
use tapline_core::store::{AccountRow, CheckRow};

use crate::wire::account::{Account, AccountTest, Region};
use crate::wire::problem::Problem;

impl Account {
    pub(crate) fn of(row: &AccountRow, last_test: Option<&CheckRow>, imports: usize) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            account_id: row.account_id.clone(),
            region: row.region.into(),
            calls_at_once: u32::try_from(row.calls_at_once).unwrap_or(u32::MAX),
            added_on: row.added_at.to_string(),
            added_by: row.added_by.clone(),
            last_test: last_test.map(AccountTest::from),
            imports: u32::try_from(imports).unwrap_or(u32::MAX),
        }
    }
}

impl From<&CheckRow> for AccountTest {
    fn from(row: &CheckRow) -> Self {
        Self {
            at: row.at.to_string(),
            passed: row.passed,
            took_ms: row.took_ms,
            problem: row.problem.as_ref().map(Problem::from),
        }
    }
}

impl From<core::Region> for Region {
    fn from(region: core::Region) -> Self {
        match region {
            core::Region::India => Self::India,
            core::Region::Singapore => Self::Singapore,
            core::Region::UnitedStates => Self::UnitedStates,
            core::Region::Indonesia => Self::Indonesia,
            core::Region::Uae => Self::Uae,
            core::Region::Europe => Self::Europe,
        }
    }
}

impl From<Region> for core::Region {
    fn from(region: Region) -> Self {
        match region {
            Region::India => Self::India,
            Region::Singapore => Self::Singapore,
            Region::UnitedStates => Self::UnitedStates,
            Region::Indonesia => Self::Indonesia,
            Region::Uae => Self::Uae,
            Region::Europe => Self::Europe,
        }
    }
}
