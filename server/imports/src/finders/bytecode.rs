//! The first bytes of a `.pyc` file, as `zipimport._unmarshal_code` judges them.

use speclens_environment::PythonVersion;

/// The head of bytecode: magic number, flags (since 3.7), time and size of the source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head(Vec<u8>);

/// What becomes of bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It runs.
    Valid,
    /// It is of another version or of another source: what comes next in the search order is tried.
    Stale,
    /// An `ImportError` at once.
    Bad,
}

impl Head {
    /// All that can matter.
    pub(super) const BYTES: u64 = 16;

    /// Takes the first bytes of `data`.
    pub(super) fn fill(&mut self, data: &[u8]) {
        self.0 = data.iter().take(16).copied().collect();
    }

    fn number(&self, at: usize) -> u32 {
        self.0.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
    }

    /// `importlib.util.MAGIC_NUMBER`, the last of each version.
    fn has_magic(&self, version: PythonVersion) -> bool {
        let number: u16 = match version.minor {
            ..=6 => 3379,
            7 => 3394,
            8 => 3413,
            9 => 3425,
            10 => 3439,
            11 => 3495,
            12 => 3531,
            13 => 3571,
            14 => 3627,
            15 => 3666,
            // Not known: any that looks like one.
            _ => return self.0.get(2..4) == Some(b"\r\n"),
        };
        self.0.get(..4).is_some_and(|magic| magic[..2] == number.to_le_bytes() && &magic[2..] == b"\r\n")
    }
}

/// `source` is the time (as a zip archive has it) and size of the source beside it.
pub(super) fn state(head: &Head, source: Option<((u16, u16), u64)>, version: PythonVersion) -> State {
    let in_c = !version.at_least(8);
    let bytes = if version.at_least(7) { 16 } else { 12 };
    if in_c && head.0.len() < bytes {
        return State::Bad;
    }
    if !head.has_magic(version) {
        return State::Stale;
    }
    let flags = if version.at_least(7) { head.number(4) } else { 0 };
    match flags {
        0 => {}
        1 => return State::Valid,
        // Whether a checked hash (PEP 552) is that of the source is not computed here: it mostly is.
        3 if !in_c => return State::Valid,
        _ => return State::Stale,
    }
    let Some((modified, size)) = source else { return State::Valid };
    let same_size = in_c || head.number(12) == u32::try_from(size).unwrap_or(u32::MAX);
    let time = head.number(bytes - 8);
    let time = if version.at_least(7) { time } else { head.number(4) };
    if same_size && is_same_time(i64::from(time), modified) { State::Valid } else { State::Stale }
}

/// Whether `time`, in seconds since the epoch, is that of a zip archive, in the local time of somewhere: the zone of the
/// process is not known here, but all zones are whole quarters of an hour.
fn is_same_time(time: i64, (date, clock): (u16, u16)) -> bool {
    const QUARTER: i64 = 15 * 60;
    let [date, clock] = [date, clock].map(i64::from);
    let days = days_since_epoch(1980 + (date >> 9), (date >> 5) & 0xF, date & 0x1F);
    let seconds = (clock >> 11) * 3600 + ((clock >> 5) & 0x3F) * 60 + (clock & 0x1F) * 2;
    let apart = time - (days * 86_400 + seconds);
    apart.abs() <= 14 * 3600 + 1 && matches!(apart.rem_euclid(QUARTER), 0 | 1 | 899)
}

/// Of a day of the Gregorian calendar, by the count from 1 March of year 0 (months 0 and 13 are those beside).
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let months = year * 12 + month - 3;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_zones() {
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
        assert_eq!(days_since_epoch(2020, 3, 1), 18_322);
        let noon = ((40 << 9) | (3 << 5) | 1, 12 << 11);
        let same = 18_322 * 86_400 + 12 * 3600;
        assert!(is_same_time(same, noon) && is_same_time(same - 7200 + 1, noon));
        assert!(!is_same_time(same + 100, noon) && !is_same_time(same + 15 * 3600, noon));
    }
}
