//! Writing entries: how they are put together, and in which ways they are stored.

use redis::{Cmd, Value};

use super::failure::senseless;
use super::judge::lies_plain;
use super::names;
use super::scopes::ScopeRecord;
use super::script_call::Arguments;
use super::scripts;
use super::servers::{bytes, checked, list, mget};
use super::store::{Life, MARKER_LIFE, Store, millis, record_of};
use crate::backend::{Put, Refusal, When};
use crate::codec::Codec;
use crate::entry::{Entry, Generation, Mark, Stamp};
use crate::error::Result;
use crate::key::Key;
use crate::payload::Payload;
use crate::random::fresh;
use crate::wire::{Anchor, Content, Envelope};

/// The longest string that a server takes (512 MB).
const LONGEST: usize = 512 * 1024 * 1024;

/// What is kept free of it for the envelope.
const ENVELOPE: usize = 4096;

/// The longest value that is taken.
pub(super) const LONGEST_VALUE: u64 = (LONGEST - ENVELOPE) as u64;

/// What a plain integer is known by: it has no identity but its number.
const PLAIN_STAMP: u64 = 0x9d5c_0e2b_74a1_f36d;

pub(super) fn plain_stamp(number: i64) -> Stamp {
    Stamp(number.cast_unsigned() ^ PLAIN_STAMP)
}

/// A condition as the scripts take it: the word, the stamp, and the plain integer that the stamp may stand for.
pub(super) fn condition(arguments: Arguments, when: When) -> Arguments {
    let (word, stamp) = match when {
        When::Always => ("always", Stamp(0)),
        When::Absent => ("absent", Stamp(0)),
        When::Present => ("present", Stamp(0)),
        When::Unchanged(stamp) => ("unchanged", stamp),
    };
    let plain = (stamp.0 ^ PLAIN_STAMP).cast_signed();
    arguments.and(word).and(&stamp.0.to_le_bytes()[..]).and(plain.to_string())
}

/// An entry on its way to the server.
struct Outgoing<'a> {
    key: Key<'a>,
    entry: Entry,
    life: Life,
}

impl Outgoing<'_> {
    /// Whether it is too long for a server, envelope and all: found before anything is put together or sent.
    fn is_too_large(&self) -> bool {
        match &self.entry.payload {
            Payload::Bytes(_, bytes) => bytes.len() > LONGEST - ENVELOPE,
            _ => false,
        }
    }

    fn marks(&self) -> &[Mark] {
        self.entry.marks.as_deref().unwrap_or_default()
    }

    fn markers(&self) -> Vec<String> {
        self.marks().iter().map(|mark| names::of_marker(&mark.marker)).collect()
    }

    /// The number that it can lie as, if it can.
    fn plain(&self, scope: ScopeRecord) -> Option<i64> {
        match self.entry.payload {
            Payload::Integer(number) if self.marks().is_empty() && lies_plain(&self.key) && !scope.is_pending() => {
                Some(number)
            }
            _ => None,
        }
    }

    /// Its bytes in a scope of this state.
    fn bytes(&self, scope: ScopeRecord, anchor: Anchor) -> Result<Vec<u8>> {
        if let Some(number) = self.plain(scope) {
            return Ok(number.to_string().into_bytes());
        }
        Ok(self.envelope(scope, anchor)?.write(self.key.as_str()))
    }

    fn envelope(&self, scope: ScopeRecord, anchor: Anchor) -> Result<Envelope> {
        // Objects do not come here, as the abilities say; one that did would be encoded as the default says.
        let envelope = Envelope::of(&self.entry, anchor, Codec::default())?;
        Ok(Envelope {
            stamp: Some(Stamp(fresh())),
            scope: Some(scope.generation()),
            // The server keeps the expiry.
            hard_deadline: None,
            ..envelope
        })
    }

    /// An envelope that carries its marks and nothing else, for what is not to be kept.
    fn marks_alone(&self, scope: ScopeRecord) -> Vec<u8> {
        let nothing = Content::Value(Codec::default(), bytes::Bytes::new());
        let marks = self.entry.marks.clone();
        Envelope { scope: Some(scope.generation()), marks, ..Envelope::new(nothing) }.write(self.key.as_str())
    }

    fn set(&self, bytes: &[u8]) -> Cmd {
        let mut command = redis::cmd("SET");
        command.arg(self.key.as_str()).arg(bytes);
        if let Life::Millis(millis) = self.life {
            command.arg("PX").arg(millis);
        }
        command
    }
}

impl Store {
    fn outgoing<'a>(&self, key: Key<'a>, entry: Entry) -> Outgoing<'a> {
        let life = self.life(entry.deadline);
        Outgoing { key, entry, life }
    }

    /// A guess at the state of the scope that the first write of a process makes up: the server will tell the truth.
    fn guess(&self, key: &Key<'_>) -> ScopeRecord {
        self.scope(key.scope()).guess().unwrap_or_else(|| ScopeRecord::of(fresh()).settled())
    }

    pub(super) async fn put_one(&self, key: &Key<'_>, entry: Entry, when: When) -> Result<Put> {
        let outgoing = self.outgoing(*key, entry);
        if when == When::Always && outgoing.life != Life::Over {
            let mut puts = self.put_always(vec![outgoing]).await?;
            return puts.pop().ok_or_else(|| senseless("a write without an answer"));
        }
        self.put_when(&outgoing, when).await
    }

    pub(super) async fn put_all(&self, entries: Vec<(Key<'_>, Entry)>) -> Result<Vec<Put>> {
        let outgoing: Vec<_> = entries.into_iter().map(|(key, entry)| self.outgoing(key, entry)).collect();
        if outgoing.iter().all(|outgoing| outgoing.life != Life::Over) {
            return self.put_always(outgoing).await;
        }
        let mut puts = Vec::with_capacity(outgoing.len());
        for one in outgoing {
            puts.push(self.put_when(&one, When::Always).await?);
        }
        Ok(puts)
    }

    /// Stores in any case: plain `SET`s, and in the same trip the records they were made for. Where those turn out to be
    /// others, what was stored is dead already and is written again: a generation never comes back, so that one that is
    /// current after the write was current when it was written.
    async fn put_always(&self, mut entries: Vec<Outgoing<'_>>) -> Result<Vec<Put>> {
        let mut puts = vec![Put::Refused(Refusal::TooLarge); entries.len()];
        let mut left: Vec<usize> = (0..entries.len()).collect();
        // A scope that is cleared again and again while we write: the last write stands, and is dead.
        for _ in 0..16 {
            let Some(&first) = left.first() else { break };
            let scope = self.scope(entries[first].key.scope());
            let guess = self.guess(&entries[first].key);
            let mut markers: Vec<String> = left.iter().flat_map(|&at| entries[at].markers()).collect();
            markers.sort();
            markers.dedup();
            let anchor = Anchor::now(&self.clock);
            let mut commands = Vec::with_capacity(left.len() + 1);
            let mut sent = Vec::with_capacity(left.len());
            for &at in &left {
                let name = entries[at].key.as_str().to_owned();
                if entries[at].is_too_large() {
                    // Dropped before it is sent; an older value of the key is older than it.
                    commands.push((name, super::link::packed(&["UNLINK", entries[at].key.as_str()])));
                } else {
                    commands.push((name, entries[at].set(&entries[at].bytes(guess, anchor)?)));
                    sent.push(at);
                }
            }
            for (name, life) in self.outliving(&left, &entries) {
                commands.push((name.clone(), outlive(&name, life)));
            }
            let writes = commands.len();
            let mut records = vec![scope.name.to_string()];
            records.extend(markers.iter().cloned());
            if self.servers.is_one_place() {
                let names: Vec<&str> = records.iter().map(String::as_str).collect();
                commands.push((records[0].clone(), mget(&names)));
            } else {
                commands.extend(records.iter().map(|name| (name.clone(), mget(&[name]))));
            }
            let mut answers = self.servers.scatter(commands, true).await?;
            let found = answers.split_off(writes);
            for (answer, _) in answers.into_iter().zip(&left) {
                checked(answer)?;
            }
            let mut found = found.into_iter().map(checked).collect::<Result<Vec<Value>>>()?.into_iter().flat_map(list);
            let record = record_of(&scope, found.next());
            let current: Vec<(String, Option<u64>)> = markers
                .into_iter()
                .zip(found)
                .map(|(name, record)| {
                    let generation = names::generation(&name, bytes(record).as_deref());
                    (name, generation)
                })
                .collect();
            let Some(record) = record else {
                self.scope_record(&entries[first].key).await?;
                continue;
            };
            let settle = |outgoing: &Outgoing<'_>| {
                let stands = match outgoing.plain(guess) {
                    Some(_) => !record.is_pending() && record == guess,
                    None => record.generation() == guess.generation(),
                };
                let of = |mark: &Mark| {
                    let name = names::of_marker(&mark.marker);
                    current
                        .iter()
                        .find(|(known, _)| *known == name)
                        .and_then(|(_, generation)| generation.map(Generation))
                };
                let moved = outgoing.marks().iter().any(|mark| of(mark) != Some(mark.generation));
                (stands, moved)
            };
            for at in std::mem::take(&mut left) {
                let sent = sent.contains(&at);
                let (stands, moved) = settle(&entries[at]);
                if moved {
                    // It lies there dead by its marks, and what it replaced is gone.
                    puts[at] = Put::Refused(Refusal::Overtaken);
                } else if sent && stands {
                    puts[at] = Put::Stored;
                } else if sent {
                    // What a write lasts shortens the life of what is written again.
                    entries[at].life = self.life(entries[at].entry.deadline);
                    left.push(at);
                }
            }
        }
        Ok(puts)
    }

    /// The markers that these entries lie under, and for how long they must lie themselves.
    fn outliving(&self, some: &[usize], entries: &[Outgoing<'_>]) -> Vec<(String, Life)> {
        let mut longest: Vec<(String, Life)> = Vec::new();
        for &at in some {
            for name in entries[at].markers() {
                let life = entries[at].life;
                match longest.iter_mut().find(|(known, _)| *known == name) {
                    None => longest.push((name, life)),
                    Some((_, known)) => {
                        *known = match (*known, life) {
                            (Life::Millis(one), Life::Millis(other)) => Life::Millis(one.max(other)),
                            _ => Life::Never,
                        };
                    }
                }
            }
        }
        longest
    }

    /// Stores, or removes what is there, when the condition holds where the entry lies.
    async fn put_when(&self, outgoing: &Outgoing<'_>, when: When) -> Result<Put> {
        let key = &outgoing.key;
        let scope = self.scope(key.scope());
        let markers = outgoing.markers();
        for _ in 0..16 {
            let guess = self.guess(key);
            let too_large = outgoing.is_too_large();
            let keep = !too_large && outgoing.life != Life::Over;
            let bytes = match keep {
                true => outgoing.bytes(guess, Anchor::now(&self.clock))?,
                false => outgoing.marks_alone(guess),
            };
            let arguments = condition(Arguments::default(), when)
                .and(&guess.generation().0.to_le_bytes()[..])
                .and(bytes)
                .and(if keep { "1" } else { "0" })
                .and(outgoing.life.argument());
            let (word, mut rest) = self.on_entry(&scripts::PUT, key, &markers, arguments, false).await?;
            return Ok(match word.as_str() {
                "stored" => {
                    if !self.is_near(key.scope()) {
                        let lives = markers.iter().map(|name| (name.clone(), outlive(name, outgoing.life)));
                        self.servers.scatter(lives.collect(), true).await?;
                    }
                    Put::Stored
                }
                "gone" if too_large => Put::Refused(Refusal::TooLarge),
                "gone" => Put::Refused(Refusal::NotKept),
                "refused" => Put::Refused(Refusal::Condition),
                "overtaken" => Put::Refused(Refusal::Overtaken),
                "scope" => {
                    record_of(&scope, rest.next());
                    continue;
                }
                other => return Err(senseless(other)),
            });
        }
        // Cleared as fast as we look.
        Ok(Put::Refused(Refusal::Condition))
    }

    /// The front of the envelope of an integer that cannot lie plain: everything before its digits.
    pub(super) fn integer_front(&self, key: &Key<'_>, entry: &Entry, scope: ScopeRecord) -> Result<Vec<u8>> {
        let zero = Entry { payload: Payload::Integer(0), ..entry.clone() };
        let mut bytes = self.outgoing(*key, zero).envelope(scope, Anchor::now(&self.clock))?.write(key.as_str());
        // The digit and the checksum.
        bytes.truncate(bytes.len() - 5);
        Ok(bytes)
    }

    pub(super) fn scope_guess(&self, key: &Key<'_>) -> ScopeRecord {
        self.guess(key)
    }
}

/// Lets a marker lie longer than an entry under it.
fn outlive(name: &str, life: Life) -> Cmd {
    match life {
        Life::Millis(lives) => {
            let mut command = redis::cmd("PEXPIRE");
            command.arg(name).arg(lives.saturating_add(millis(MARKER_LIFE))).arg("GT");
            command
        }
        _ => super::link::packed(&["PERSIST", name]),
    }
}
