//! A connection whose other side is held in the hand.

use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

/// A connection that takes so many bytes at once; its other side, and the far end of what is looked at to see whether it was closed.
fn line(room: usize) -> (Arc<Line>, DuplexStream, UnixStream) {
    let (near, far) = tokio::io::duplex(room);
    let (looked_at, closing) = UnixStream::pair().unwrap();
    (Line::start(near, looked_at.into(), Duration::from_secs(60)), far, closing)
}

fn command(word: &str) -> Vec<u8> {
    redis::cmd("ECHO").arg(word).get_packed_command()
}

async fn ask(line: &Arc<Line>, packed: &[u8]) -> Result<Said, Failure> {
    Arc::clone(line).ask(Question::Commands(packed, 1)).await
}

/// Asks, and does not wait for the answer.
fn give_up(line: &Arc<Line>, question: Question<'_>) {
    let mut asking = pin!(Arc::clone(line).ask(question));
    assert!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

fn said(said: Result<Said, Failure>) -> Vec<Value> {
    match said {
        Ok(Said::Values(values)) => values,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_given_up_before_it_was_sent_is_not_sent_and_not_kept() {
    let (line, mut far, _closing) = line(16);
    let (large, small, last) = (command(&"x".repeat(1000)), command("given up"), command("last"));
    let names = Names { own: &["a", "b"], beside: &[] };
    let answers = async {
        let first = ask(&line, &large);
        let others = async {
            // The first is on its way by now, and stuck.
            tokio::task::yield_now().await;
            for _ in 0..10_000 {
                give_up(&line, Question::Commands(&small, 1));
                give_up(&line, Question::Names(names));
                assert!(line.state.lock().queued.len() < 100_000, "what nobody wants is gathered");
            }
            ask(&line, &last).await
        };
        let (first, last) = tokio::join!(first, others);
        [first, last]
    };
    let server = async {
        let mut came = vec![0; large.len() + last.len()];
        far.read_exact(&mut came).await.unwrap();
        assert_eq!(came, [&large[..], &last[..]].concat());
        far.write_all(b":1\r\n:2\r\n").await.unwrap();
    };
    let (answers, ()) = tokio::join!(answers, server);
    assert_eq!(answers.map(said), [[Value::Int(1)], [Value::Int(2)]]);
    assert_eq!((line.waiting.load(Ordering::Relaxed), line.state.lock().waiting()), (0, 0));
}

#[tokio::test]
async fn a_read_goes_on_with_those_it_shares_its_command_with() {
    let (line, mut far, _closing) = line(16);
    let large = command(&"x".repeat(1000));
    let names = |own| Names { own, beside: &[] };
    let answers = async {
        let first = ask(&line, &large);
        let others = async {
            tokio::task::yield_now().await;
            let kept = Arc::clone(&line).ask(Question::Names(names(&["b"])));
            let (kept, ()) = tokio::join!(kept, async { give_up(&line, Question::Names(names(&["a"]))) });
            let Ok(Said::Read(Answer::Found(found))) = kept else { panic!("{kept:?}") };
            assert_eq!(found.own(0).as_deref(), Some(&b"1"[..]));
        };
        tokio::join!(first, others).0
    };
    let server = async {
        let asked = [&large[..], b"*3\r\n$4\r\nMGET\r\n$1\r\nb\r\n$1\r\na\r\n"].concat();
        let mut came = vec![0; asked.len()];
        far.read_exact(&mut came).await.unwrap();
        assert_eq!(came, asked);
        far.write_all(b":1\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n").await.unwrap();
    };
    let (first, ()) = tokio::join!(answers, server);
    assert_eq!(said(first), [Value::Int(1)]);
    assert_eq!(line.waiting.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn who_was_not_sent_is_told_so_when_the_connection_breaks() {
    let (line, far, _closing) = line(16);
    let (large, small) = (command(&"x".repeat(1000)), command("small"));
    let others = async {
        tokio::task::yield_now().await;
        let broken = async {
            tokio::task::yield_now().await;
            drop(far);
        };
        tokio::join!(ask(&line, &small), broken).0
    };
    let (first, second) = tokio::join!(ask(&line, &large), others);
    assert!(matches!(first, Err(Failure::Broken(_))), "half of it was sent: {first:?}");
    assert!(matches!(second, Err(Failure::Unsent(_))), "{second:?}");
    let late = ask(&line, &small).await;
    assert!(matches!(late, Err(Failure::Unsent(_))), "{late:?}");
}

#[tokio::test]
async fn who_must_not_send_twice_looks_also_while_the_driver_is_at_it() {
    let (line, _far, closing) = line(16);
    assert!(line.is_usable(Use::Ask));
    drop(closing);
    let driver = line.wire.lock();
    let asker = std::thread::spawn({
        let line = Arc::clone(&line);
        move || line.is_usable(Use::Ask)
    });
    // Whether it comes to the lock before it is let go or after: it must see what the driver has not told yet.
    (0..100).for_each(|_| std::thread::yield_now());
    assert!(!asker.is_finished(), "it did not look");
    drop(driver);
    assert!(!asker.join().unwrap(), "the other side has closed it");
}
