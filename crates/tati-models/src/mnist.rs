//! MNIST from wherever it is: a given folder, an environment variable, Burn's cache, or the network.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::config::Config;
use tati_core::{Result, TatiError, write_atomically};

use crate::digits::{DIGITS, IMAGE_PIXELS};
use crate::idx::{self, IdxKind};
use crate::{Digits, DigitsOrigin, LabelledSet, download};

/// The environment variable that names a folder with the four MNIST files.
pub const MNIST_FOLDER_VARIABLE: &str = "TATI_MNIST_DIR";

/// Where to look for MNIST (LeCun, Cortes, Burges, *The MNIST database of handwritten digits*).
///
/// # Example
/// ```no_run
/// use tati_models::MnistConfig;
///
/// let digits = MnistConfig::new().load()?;
/// assert_eq!((digits.train.len(), digits.test.len()), (60_000, 10_000));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct MnistConfig {
    /// The folder to read from; with one, no other place is tried.
    pub folder: Option<PathBuf>,
    /// Whether the files may be fetched from the network where they are nowhere else.
    #[config(default = true)]
    pub download: bool,
}

impl MnistConfig {
    /// Reads MNIST from the first of these places that has it:
    ///
    /// 1. `folder`;
    /// 2. the folder that the environment variable [`MNIST_FOLDER_VARIABLE`] names;
    /// 3. Burn's cache folder, `burn-dataset/mnist` under `$XDG_CACHE_HOME` or `~/.cache` (Linux),
    ///    `~/Library/Caches` (macOS), `%LOCALAPPDATA%` (Windows);
    /// 4. the network, into that cache folder, where Burn's own loader finds the files too.
    ///
    /// The first two are what somebody asked for: if they are not in order, that is an error and the search ends.
    ///
    /// # Errors
    /// Those of [`read_mnist_folder`] for the first two places; [`TatiError::DatasetUnavailable`] with the fate
    /// of every place if none has the files.
    pub fn load(&self) -> Result<Digits> {
        let variable = env::var_os(MNIST_FOLDER_VARIABLE).filter(|value| !value.is_empty());
        if let Some(folder) = self.folder.clone().or(variable.map(PathBuf::from)) {
            return read_mnist_folder(folder);
        }
        let Some(cache) = cache_folder(|name| env::var_os(name)) else {
            return Err(unavailable(
                "no folder was given, and the user has no cache folder",
            ));
        };
        load_cached(
            &cache,
            self.download.then_some(MNIST_URL),
            &download::agent(),
        )
    }
}

/// Reads the four MNIST files in `folder`: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
/// `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each plain or with `.gz` at the end, or in the folders
/// `train` and `test` as Burn's cache has them.
///
/// Pixels are divided by 255. Any number of images is accepted as long as the files agree.
///
/// # Errors
/// Each names the file: [`TatiError::File`] if it is missing or cannot be read; [`TatiError::Format`] if it has a
/// wrong magic number or image size, is shorter or longer than its header says, if there are not as many labels
/// as images, or a label is above 9.
pub fn read_mnist_folder(folder: impl AsRef<Path>) -> Result<Digits> {
    let folder = folder.as_ref();
    let [train_images, train_labels, test_images, test_labels] = &FILES;
    Ok(Digits {
        train: read_pair(folder, train_images, train_labels)?,
        test: read_pair(folder, test_images, test_labels)?,
        origin: DigitsOrigin::Folder(folder.to_path_buf()),
    })
}

/// A mirror of the original files, the one that Burn uses.
const MNIST_URL: &str = "https://storage.googleapis.com/cvdf-datasets/mnist/";

struct MnistFile {
    name: &'static str,
    /// Its folder in Burn's cache.
    split: &'static str,
    kind: &'static IdxKind,
}

const FILES: [MnistFile; 4] = [
    MnistFile {
        name: "train-images-idx3-ubyte",
        split: "train",
        kind: &idx::IMAGES,
    },
    MnistFile {
        name: "train-labels-idx1-ubyte",
        split: "train",
        kind: &idx::LABELS,
    },
    MnistFile {
        name: "t10k-images-idx3-ubyte",
        split: "test",
        kind: &idx::IMAGES,
    },
    MnistFile {
        name: "t10k-labels-idx1-ubyte",
        split: "test",
        kind: &idx::LABELS,
    },
];

impl MnistFile {
    /// Where it is in `folder`, if it is there.
    fn find(&self, folder: &Path) -> Option<PathBuf> {
        let packed = format!("{}.gz", self.name);
        [folder.to_path_buf(), folder.join(self.split)]
            .iter()
            .flat_map(|folder| [folder.join(self.name), folder.join(&packed)])
            .find(|path| path.is_file())
    }

    /// Its values and where they were.
    fn read(&self, folder: &Path) -> Result<(PathBuf, Vec<u8>)> {
        let Some(path) = self.find(folder) else {
            let reason = if folder.is_dir() {
                format!("it is not there, neither plain nor as {}.gz", self.name)
            } else {
                "there is no such folder".to_string()
            };
            let error = io::Error::new(io::ErrorKind::NotFound, reason);
            return Err(TatiError::file(folder.join(self.name), "reading", error));
        };
        let values = idx::read(&path, self.kind)?;
        Ok((path, values))
    }
}

fn read_pair(folder: &Path, images: &MnistFile, labels: &MnistFile) -> Result<LabelledSet> {
    let (images_path, pixels) = images.read(folder)?;
    let (labels_path, labels) = labels.read(folder)?;
    let count = pixels.len() / IMAGE_PIXELS;
    if labels.len() != count {
        return Err(TatiError::format(
            &labels_path,
            format!(
                "{} labels for the {count} images of {}: take both files from one copy of MNIST",
                labels.len(),
                images_path.display()
            ),
        ));
    }
    if let Some(index) = labels
        .iter()
        .position(|&label| usize::from(label) >= DIGITS)
    {
        return Err(TatiError::format(
            &labels_path,
            format!(
                "label {} is {}, and digits end at 9: fetch the file again",
                index + 1,
                labels[index]
            ),
        ));
    }
    LabelledSet::new(
        pixels
            .into_iter()
            .map(|pixel| f32::from(pixel) / 255.0)
            .collect(),
        labels.into_iter().map(u32::from).collect(),
        IMAGE_PIXELS,
        DIGITS,
    )
}

/// MNIST from `cache`, completed from `url` where that is allowed.
fn load_cached(cache: &Path, url: Option<&str>, agent: &ureq::Agent) -> Result<Digits> {
    let mut tried = vec![format!(
        "no folder was given, {MNIST_FOLDER_VARIABLE} is not set"
    )];
    if FILES.iter().all(|file| file.find(cache).is_none()) {
        tried.push(format!("{} has no MNIST", cache.display()));
    } else {
        match read_mnist_folder(cache) {
            Ok(digits) => return Ok(digits),
            Err(error) => tried.push(error.to_string()),
        }
    }
    let Some(url) = url else {
        tried.push("downloading is switched off".to_string());
        return Err(unavailable(&tried.join("; ")));
    };
    match complete(cache, url, agent).and_then(|()| read_mnist_folder(cache)) {
        Ok(digits) => Ok(Digits {
            origin: DigitsOrigin::Download(cache.to_path_buf()),
            ..digits
        }),
        Err(error) => {
            tried.push(error.to_string());
            Err(unavailable(&tried.join("; ")))
        }
    }
}

/// Fetches what `cache` lacks or has in a damaged state.
fn complete(cache: &Path, url: &str, agent: &ureq::Agent) -> Result<()> {
    for file in &FILES {
        if file.read(cache).is_ok() {
            continue;
        }
        let source = format!("{url}{}.gz", file.name);
        let body = download::fetch(agent, &source)?;
        let bytes = idx::unpack(Path::new(&source), body)?;
        idx::check(Path::new(&source), &bytes, file.kind)?;
        let folder = cache.join(file.split);
        fs::create_dir_all(&folder).map_err(|error| TatiError::file(&folder, "creating", error))?;
        write_atomically(&folder.join(file.name), |writer| {
            io::Write::write_all(writer, &bytes)
        })?;
    }
    Ok(())
}

/// Burn's folder for MNIST, from the environment as `variable` gives it.
fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    let base = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("burn-dataset").join("mnist"))
}

fn unavailable(reason: &str) -> TatiError {
    TatiError::DatasetUnavailable {
        name: "MNIST",
        reason: reason.to_string(),
        remedy: format!("set {MNIST_FOLDER_VARIABLE} to a folder with the four IDX files"),
    }
}

#[cfg(test)]
#[path = "mnist_tests.rs"]
mod tests;
