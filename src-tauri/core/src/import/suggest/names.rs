//! What column names tell. Names are taken apart into words first, so that `e_mail`, `eMail` and `E-Mail` are one.

use crate::clevertap::rules::names::mended;

/// A name in lower-case words: `customerID` is `customer`, `id`.
pub(super) struct Words(Vec<String>);

/// Says when a row changed, most telling first.
pub(super) const UPDATED: &[&str] = &[
    "updatedon",
    "updatedat",
    "lastupdated",
    "lastupdatedat",
    "lastupdatedon",
    "lastmodified",
    "lastmodifiedat",
    "modifiedat",
    "modifiedon",
    "changedat",
    "changedon",
    "lastchanged",
    "updatetime",
    "updatedtime",
    "updatedate",
    "modifieddate",
    "updateddate",
    "lastupdate",
    "updated",
    "modified",
    "changed",
    "ingestedat",
    "loadedat",
    "syncedat",
];

/// Says when something happened, most telling first.
pub(super) const HAPPENED: &[&str] = &[
    "eventtime",
    "eventtimestamp",
    "eventdate",
    "eventts",
    "occurredat",
    "occurredon",
    "happenedat",
    "timestamp",
    "ts",
    "createdon",
    "createdat",
    "createdtime",
    "creationtime",
    "createtime",
    "createddate",
    "created",
    "purchasedon",
    "purchasedat",
    "purchasedate",
    "orderedat",
    "orderedon",
    "orderdate",
    "datetime",
    "date",
    "time",
];

/// Names events.
pub(super) const EVENT: &[&str] = &["event", "eventname", "eventtype", "eventkind"];

/// Whose row it is, most telling first.
const IDENTITIES: &[&str] = &[
    "identity",
    "userid",
    "customerid",
    "clientid",
    "memberid",
    "subscriberid",
    "personid",
    "contactid",
    "profileid",
    "uid",
    "userkey",
    "customerkey",
    "accountid",
    "customernumber",
    "usernumber",
    "useruuid",
    "id",
    "uuid",
    "guid",
];

/// CleverTap's own properties by what columns of theirs are called.
const SYSTEM: &[(&str, &[&str])] = &[
    ("Email", &["email", "mail", "emailaddress", "emailid", "mailaddress"]),
    (
        "Phone",
        &[
            "phone",
            "mobile",
            "phonenumber",
            "mobilenumber",
            "mobilephone",
            "phoneno",
            "mobileno",
            "telephone",
            "tel",
            "telephonenumber",
            "cellphone",
            "cell",
            "msisdn",
        ],
    ),
    ("Name", &["name", "fullname", "displayname", "customername", "username"]),
    ("Gender", &["gender", "sex"]),
    ("DOB", &["dob", "birthdate", "dateofbirth", "birthday", "birthdt"]),
    ("Age", &["age"]),
    ("Employed", &["employed"]),
    ("Education", &["education"]),
    ("Married", &["married"]),
    ("Tz", &["tz", "timezone"]),
];

/// Words that a telling name may carry in front: `customer_email`, `primary phone`.
const WHOSE: &[&str] = &[
    "user", "customer", "client", "member", "contact", "primary", "main", "home", "personal", "cust",
];

impl Words {
    pub fn of(name: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut before = ' ';
        for c in name.chars() {
            let starts = !before.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase());
            if c.is_alphanumeric() {
                if starts || words.is_empty() {
                    words.push(String::new());
                }
                if let Some(word) = words.last_mut() {
                    word.extend(c.to_lowercase());
                }
            }
            before = c;
        }
        Self(words)
    }

    /// All words in one.
    pub fn joined(&self) -> String {
        self.0.concat()
    }

    /// All words in one, without a first word that says whose it is.
    fn without_owner(&self) -> Option<String> {
        let (first, rest) = self.0.split_first()?;
        (WHOSE.contains(&first.as_str()) && !rest.is_empty()).then(|| rest.concat())
    }
}

/// How well a name says whose row it is; 0 is best. E-mail and phone will do where there is no id.
pub(super) fn identity_rank(words: &Words) -> Option<usize> {
    let joined = words.joined();
    let known = IDENTITIES.iter().position(|name| *name == joined);
    known.or_else(|| match system_property(words)? {
        "Email" => Some(IDENTITIES.len()),
        "Phone" => Some(IDENTITIES.len() + 1),
        _ => None,
    })
}

/// The property of CleverTap's own that a name stands for.
pub(super) fn system_property(words: &Words) -> Option<&'static str> {
    let named = |name: &str| {
        SYSTEM
            .iter()
            .find(|(_, names)| names.contains(&name))
            .map(|(property, _)| *property)
    };
    named(&words.joined()).or_else(|| {
        let property = named(&words.without_owner()?)?;
        // A contact's name or a home's age is another thing than the person's.
        matches!(property, "Email" | "Phone").then_some(property)
    })
}

/// `first_purchase` as a person would write it: `First Purchase`.
pub(super) fn readable(words: &Words) -> String {
    let word = |word: &String| match word.as_str() {
        "id" | "url" | "uuid" | "sku" | "utm" | "ltv" | "vip" | "ip" | "cd" | "gdpr" => word.to_uppercase(),
        _ => {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_uppercase().collect::<String>());
            first.unwrap_or_default() + letters.as_str()
        }
    };
    let name = words.0.iter().map(word).collect::<Vec<_>>().join(" ");
    mended(&name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Words, identity_rank, readable, system_property};

    #[test]
    fn names_come_apart_into_words() {
        let rows = [
            ("first_purchase", "First Purchase"),
            ("firstPurchase", "First Purchase"),
            ("FIRST-PURCHASE", "First Purchase"),
            ("customerID", "Customer ID"),
            ("__x__", "X"),
            ("größe", "Größe"),
            ("total.spend$", "Total Spend"),
            ("___", ""),
        ];
        for (name, expected) in rows {
            assert_eq!(readable(&Words::of(name)), expected, "for {name:?}");
        }
    }

    #[test]
    fn names_that_stand_for_clevertaps_own_properties() {
        let rows = [
            ("email", Some("Email")),
            ("e_mail", Some("Email")),
            ("eMail", Some("Email")),
            ("MAIL", Some("Email")),
            ("customer_email", Some("Email")),
            ("email_opt_in", None),
            ("emails_sent", None),
            ("mobile_number", Some("Phone")),
            ("phone", Some("Phone")),
            ("birth_date", Some("DOB")),
            ("dateOfBirth", Some("DOB")),
            ("full_name", Some("Name")),
            ("product_name", None),
            ("contact_name", None),
            ("home_age", None),
            ("page", None),
        ];
        for (name, expected) in rows {
            assert_eq!(system_property(&Words::of(name)), expected, "for {name:?}");
        }
    }

    #[test]
    fn a_users_id_says_more_than_an_address() {
        let rank = |name: &str| identity_rank(&Words::of(name)).unwrap_or(usize::MAX);
        for pair in ["identity user_id customerId id email phone order_id"
            .split(' ')
            .collect::<Vec<_>>()]
        {
            for two in pair.windows(2) {
                assert!(rank(two[0]) < rank(two[1]), "{} before {}", two[0], two[1]);
            }
        }
    }
}
