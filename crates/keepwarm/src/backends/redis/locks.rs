//! Locks: each lies in one record under its own key, and each verb of it is one script.

use std::time::Duration;

use redis::Cmd;

use super::Redis;
use super::failure::senseless;
use super::scripts;
use super::servers::bytes;
use super::store::{Life, millis, said};
use crate::backend::{Locked, Locking};
use crate::error::Result;
use crate::key::Key;

/// How long the fencing number lies on after its lock. Where it is lost, the next one is made of the server's clock, which is
/// larger as long as that clock is not set back by more than this.
const NUMBER_LIFE: Duration = Duration::from_secs(60 * 60);

impl Redis {
    pub(super) async fn lock_by_script(&self, key: &Key<'_>, owner: &str, locking: Locking) -> Result<Locked> {
        let (word, life) = match locking {
            Locking::Take(until) => ("take", self.0.life(until)),
            Locking::Extend(until) => ("extend", self.0.life(until)),
            Locking::Free => ("free", Life::Never),
        };
        let word = match (word, life) {
            ("take", Life::Over) => return Ok(Locked::Refused),
            // To hold it no longer than now is to give it back.
            ("extend", Life::Over) => "free",
            (word, _) => word,
        };
        let mut rest = Cmd::new();
        rest.arg(1).arg(key.as_str()).arg(word).arg(owner).arg(life.argument()).arg(millis(NUMBER_LIFE));
        // Who takes or extends twice holds it once; who frees twice would be told that it held it no more.
        let repeatable = word != "free";
        let answer = self.0.servers.call(key.as_str(), &scripts::LOCK, &rest, repeatable).await?;
        let (word, mut rest) = said(answer);
        match word.as_str() {
            "refused" => Ok(Locked::Refused),
            "held" => {
                let digits = rest.next().and_then(bytes).unwrap_or_default();
                let fence = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
                Ok(Locked::Held { fence: fence.ok_or_else(|| senseless("a fencing number that is no number"))? })
            }
            other => Err(senseless(other)),
        }
    }
}
