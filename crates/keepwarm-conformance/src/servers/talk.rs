//! Enough of Redis' protocol to set a server up and to look behind a backend's back.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends commands over a connection of their own and gives the last answer as text: strings and numbers as they are, lists
/// with a line for each part, nothing as `(nil)`.
pub(super) fn ask(port: u16, commands: &[&[&str]]) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = Vec::new();
    for words in commands {
        request.extend(format!("*{}\r\n", words.len()).into_bytes());
        for word in *words {
            request.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
        }
    }
    stream.write_all(&request)?;
    let mut stream = BufReader::new(stream);
    let answers: io::Result<Vec<String>> = commands.iter().map(|_| read(&mut stream)).collect();
    Ok(answers?.pop().unwrap_or_default())
}

fn read(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.trim_end();
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, format!("no answer of a server: {line:?}"));
    let number = || line.get(1..).and_then(|digits| digits.parse::<i64>().ok()).ok_or_else(wrong);
    match line.as_bytes().first() {
        Some(b'+' | b':') => Ok(line[1..].to_owned()),
        Some(b'-') => Err(io::Error::other(line[1..].to_owned())),
        Some(b'$') => {
            let Ok(length) = usize::try_from(number()?) else { return Ok("(nil)".to_owned()) };
            let mut bytes = vec![0; length + 2];
            stream.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        Some(b'*') => {
            let parts: io::Result<Vec<String>> = (0..number()?.max(0)).map(|_| read(stream)).collect();
            Ok(parts?.join("\n"))
        }
        _ => Err(wrong()),
    }
}
