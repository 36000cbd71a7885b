//! Framing: a 4-byte little-endian length, then that many bytes of JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read, Write};
use std::marker::PhantomData;

/// The largest frame either side accepts, in bytes: room for the questions of a user whose processes
/// have the longest paths there can be.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Why a message could not be framed or understood.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The socket failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The other side announced more than [`MAX_FRAME`] bytes.
    #[error("a message of {0} bytes is larger than the {MAX_FRAME} bytes allowed")]
    TooLarge(usize),
    /// The bytes were not the JSON of the expected message.
    #[error("a message could not be understood")]
    Malformed(#[source] serde_json::Error),
}

/// One message as bytes ready to send.
///
/// # Errors
/// [`FrameError::TooLarge`] when the JSON exceeds [`MAX_FRAME`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).map_err(FrameError::Malformed)?;
    let length = bytes.len() - 4;
    if length > MAX_FRAME {
        return Err(FrameError::TooLarge(length));
    }
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// Writes one message and flushes.
///
/// # Errors
/// See [`encode`]; and any error of the writer.
pub fn write_frame<T: Serialize>(writer: &mut impl Write, message: &T) -> Result<(), FrameError> {
    writer.write_all(&encode(message)?)?;
    writer.flush()?;
    Ok(())
}

/// Reads one message; `None` at a clean end of the stream.
///
/// # Errors
/// Any [`FrameError`]; an end in the middle of a frame is an I/O error.
pub fn read_frame<T: DeserializeOwned>(reader: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut header = [0; 4];
    let mut filled = 0;
    while filled < header.len() {
        match reader.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let length = u32::from_le_bytes(header) as usize;
    if length > MAX_FRAME {
        return Err(FrameError::TooLarge(length));
    }
    let mut body = Vec::new();
    reader.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    serde_json::from_slice(&body).map(Some).map_err(FrameError::Malformed)
}

/// Collects bytes as they arrive and hands out whole messages; for readers that cannot block.
#[derive(Debug)]
pub struct Frames<T> {
    buffer: Vec<u8>,
    message: PhantomData<fn() -> T>,
}

impl<T> Default for Frames<T> {
    fn default() -> Self {
        Self { buffer: Vec::new(), message: PhantomData }
    }
}

impl<T: DeserializeOwned> Frames<T> {
    /// Adds bytes read from the connection.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, if one has arrived.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`] and [`FrameError::Malformed`]; the connection is then unusable.
    pub fn next_message(&mut self) -> Result<Option<T>, FrameError> {
        let Some(header) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*header) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLarge(length));
        }
        let Some(body) = self.buffer.get(4..4 + length) else { return Ok(None) };
        let message = serde_json::from_slice(body).map_err(FrameError::Malformed)?;
        self.buffer.drain(..4 + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_whole_however_they_were_cut() {
        let bytes = [encode(&"one").expect("encode"), encode(&"two").expect("encode")].concat();
        let mut frames = Frames::<String>::default();
        let mut received = Vec::new();
        for byte in bytes {
            frames.push(&[byte]);
            received.extend(frames.next_message().expect("well formed"));
        }
        assert_eq!(received, ["one", "two"]);
    }

    #[test]
    fn a_huge_length_is_refused_before_anything_is_allocated() {
        let mut stream: &[u8] = &u32::MAX.to_le_bytes();
        assert!(matches!(read_frame::<String>(&mut stream), Err(FrameError::TooLarge(_))));
        let mut frames = Frames::<String>::default();
        frames.push(&u32::MAX.to_le_bytes());
        assert!(matches!(frames.next_message(), Err(FrameError::TooLarge(_))));
    }

    #[test]
    fn an_end_in_the_middle_is_an_error_and_a_clean_end_is_not() {
        let bytes = encode(&"cut short").expect("encode");
        assert!(read_frame::<String>(&mut &bytes[..bytes.len() - 1]).is_err());
        assert!(read_frame::<String>(&mut &bytes[..2]).is_err());
        assert!(matches!(read_frame::<String>(&mut &bytes[..0]), Ok(None)));
    }

    #[test]
    fn nonsense_is_malformed() {
        let mut stream: &[u8] = b"\x03\0\0\0{]}";
        assert!(matches!(read_frame::<String>(&mut stream), Err(FrameError::Malformed(_))));
    }
}
