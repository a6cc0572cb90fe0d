//! Targets for a fuzzer. Each reads what comes from outside as Tapline does, and holds what was read against what must be
//! true of it whatever came: never that it merely did not panic. Seeds are made here, so that none is kept in files.

mod key;
mod page;
mod plan;
mod reply;

/// One target.
pub struct Target {
    pub name: &'static str,
    /// Reads what came. Panics where something is not as it must be.
    pub read: fn(&[u8]),
    /// What a fuzzer starts from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: [Target; 4] = [
    Target {
        name: "page",
        read: page::read,
        seeds: page::seeds,
    },
    Target {
        name: "reply",
        read: reply::read,
        seeds: reply::seeds,
    },
    Target {
        name: "key",
        read: key::read,
        seeds: key::seeds,
    },
    Target {
        name: "plan",
        read: plan::read,
        seeds: plan::seeds,
    },
];

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn every_seed_and_every_beginning_of_one_is_read_as_it_must_be() {
        for target in TARGETS {
            let seeds = (target.seeds)();
            assert!(!seeds.is_empty(), "{} has something to start from", target.name);
            for seed in &seeds {
                (target.read)(seed);
                (0..seed.len()).step_by(7).for_each(|end| (target.read)(&seed[..end]));
            }
        }
    }
}
