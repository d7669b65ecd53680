//! Tests of the search for MNIST, on small files made by hand and on the real ones where they are.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;
use crate::download::tests::{Answer, local_agent, serve};
use crate::idx::tests::{encode, gzip};

/// The four files with three images for training and two for testing; the labels are the digits from 0 on.
fn small_files() -> Vec<(&'static str, Vec<u8>)> {
    FILES
        .iter()
        .map(|file| {
            let count = if file.split == "train" { 3 } else { 2 };
            let item: usize = file.kind.item_shape.iter().product();
            let values: Vec<u8> = (0..count * item).map(|i| (i / item) as u8).collect();
            (file.name, encode(file.kind, &values))
        })
        .collect()
}

fn small_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in small_files() {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// A server with the small files, except that `answer` goes first; and the paths asked for.
fn serve_small(
    answer: impl Fn(&str) -> Option<Answer> + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let url = serve(move |path| {
        log.lock().unwrap().push(path.to_string());
        answer(path).unwrap_or_else(|| {
            small_files()
                .into_iter()
                .find(|(name, _)| path == format!("/{name}.gz"))
                .map_or_else(Answer::not_found, |(_, bytes)| {
                    Answer::complete(gzip(&bytes))
                })
        })
    });
    (url, asked)
}

fn one_line_naming(error: &TatiError, parts: &[&str]) {
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn plain_packed_and_cache_layouts_read_the_same() {
    let plain = small_folder();
    let digits = read_mnist_folder(plain.path()).unwrap();
    assert_eq!(digits.train.labels(), [0, 1, 2]);
    assert_eq!(digits.test.labels(), [0, 1]);
    assert_eq!(digits.train.get(2).unwrap().0, [2.0 / 255.0; 784]);
    assert_eq!(digits.train.classes(), 10);
    assert_eq!(
        digits.origin,
        DigitsOrigin::Folder(plain.path().to_path_buf())
    );

    let other = tempfile::tempdir().unwrap();
    for (file, (name, bytes)) in FILES.iter().zip(small_files()) {
        let folder = other.path().join(file.split);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.gz")), gzip(&bytes)).unwrap();
    }
    let packed = read_mnist_folder(other.path()).unwrap();
    assert_eq!((packed.train, packed.test), (digits.train, digits.test));
}

#[test]
fn a_given_folder_that_is_not_in_order_ends_the_search() {
    let config = |folder: &Path| MnistConfig::new().with_folder(Some(folder.to_path_buf()));

    let folder = small_folder();
    let labels = folder.path().join("t10k-labels-idx1-ubyte");
    fs::remove_file(&labels).unwrap();
    let error = config(folder.path()).load().unwrap_err();
    one_line_naming(
        &error,
        &[&labels.display().to_string(), "t10k-labels-idx1-ubyte.gz"],
    );
    assert!(matches!(error, TatiError::File { .. }));

    fs::write(&labels, encode(&idx::LABELS, &[1, 2, 3])).unwrap();
    let error = config(folder.path()).load().unwrap_err();
    one_line_naming(
        &error,
        &[&labels.display().to_string(), "3 labels for the 2 images"],
    );

    fs::write(&labels, encode(&idx::LABELS, &[1, 10])).unwrap();
    let error = config(folder.path()).load().unwrap_err();
    one_line_naming(&error, &[&labels.display().to_string(), "label 2 is 10"]);

    let error = config(&folder.path().join("nowhere")).load().unwrap_err();
    one_line_naming(&error, &["nowhere", "there is no such folder"]);
}

#[test]
fn without_files_every_place_is_listed() {
    let cache = tempfile::tempdir().unwrap();
    let error = load_cached(cache.path(), None, &local_agent()).unwrap_err();
    let place = cache.path().display().to_string();
    one_line_naming(
        &error,
        &[
            &place,
            "switched off",
            "set TATI_MNIST_DIR to a folder with the four IDX files",
        ],
    );
    assert!(matches!(error, TatiError::DatasetUnavailable { .. }));

    let (url, _) = serve_small(|_| Some(Answer::not_found()));
    let error = load_cached(cache.path(), Some(&url), &local_agent()).unwrap_err();
    one_line_naming(
        &error,
        &[&place, &format!("{url}train-images-idx3-ubyte.gz"), "404"],
    );
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[test]
fn a_download_fills_the_cache_for_the_next_time() {
    let cache = tempfile::tempdir().unwrap();
    let (url, asked) = serve_small(|_| None);
    let digits = load_cached(cache.path(), Some(&url), &local_agent()).unwrap();
    assert_eq!(
        digits.origin,
        DigitsOrigin::Download(cache.path().to_path_buf())
    );
    assert_eq!(asked.lock().unwrap().len(), 4);
    assert!(
        cache
            .path()
            .join("test")
            .join("t10k-labels-idx1-ubyte")
            .is_file()
    );

    let again = load_cached(cache.path(), Some(&url), &local_agent()).unwrap();
    assert_eq!(
        again.origin,
        DigitsOrigin::Folder(cache.path().to_path_buf())
    );
    assert_eq!(again.train, digits.train);
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[test]
fn damaged_downloads_are_not_kept() {
    let bad_bodies = [
        b"<html>please log in</html>".to_vec(),
        gzip(&small_files()[1].1[..9]),
        gzip(&small_files()[1].1)[..20].to_vec(),
    ];
    for body in bad_bodies {
        let cache = tempfile::tempdir().unwrap();
        let bad = Answer::complete(body);
        let (url, _) = serve_small(move |path| path.contains("train-labels").then(|| bad.clone()));
        let error = load_cached(cache.path(), Some(&url), &local_agent()).unwrap_err();
        one_line_naming(&error, &[&format!("{url}train-labels-idx1-ubyte.gz")]);
        let kept: Vec<_> = fs::read_dir(cache.path().join("train"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(kept, ["train-images-idx3-ubyte"]);
    }
    let cache = tempfile::tempdir().unwrap();
    let (url, _) = serve_small(|_| {
        Some(Answer {
            length: 1000,
            ..Answer::complete(vec![0x1f, 0x8b])
        })
    });
    let error = load_cached(cache.path(), Some(&url), &local_agent()).unwrap_err();
    one_line_naming(&error, &["train-images-idx3-ubyte.gz"]);
}

#[test]
fn damaged_files_in_the_cache_are_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let (url, asked) = serve_small(|_| None);
    load_cached(cache.path(), Some(&url), &local_agent()).unwrap();
    let images = cache.path().join("train").join("train-images-idx3-ubyte");
    fs::write(&images, &fs::read(&images).unwrap()[..100]).unwrap();

    let error = load_cached(cache.path(), None, &local_agent()).unwrap_err();
    one_line_naming(
        &error,
        &[&images.display().to_string(), "truncated", "switched off"],
    );
    load_cached(cache.path(), Some(&url), &local_agent()).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 5);
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn the_cache_is_where_burn_keeps_it() {
    let with = |cache: &'static str, home: &'static str| {
        cache_folder(move |name| match name {
            "XDG_CACHE_HOME" => Some(cache.into()),
            "HOME" => Some(home.into()),
            _ => None,
        })
    };
    assert_eq!(
        with("/cache", "/home/me").unwrap(),
        Path::new("/cache/burn-dataset/mnist")
    );
    assert_eq!(
        with("", "/home/me").unwrap(),
        Path::new("/home/me/.cache/burn-dataset/mnist")
    );
    assert_eq!(with("", ""), None);
}

#[test]
fn the_real_files_have_mnist_s_numbers() {
    let Some(folder) = env::var_os(MNIST_FOLDER_VARIABLE).filter(|value| !value.is_empty()) else {
        assert!(
            env::var_os("CI").is_none_or(|value| value.is_empty()),
            "{MNIST_FOLDER_VARIABLE} is not set: in CI it must name a folder with the four MNIST files"
        );
        // Not captured: a skipped test must be seen.
        let name = "the_real_files_have_mnist_s_numbers";
        writeln!(
            io::stderr(),
            "skipped: {name}, for {MNIST_FOLDER_VARIABLE} is not set"
        )
        .unwrap();
        return;
    };
    let digits = read_mnist_folder(&folder).unwrap();
    assert_eq!((digits.train.len(), digits.test.len()), (60_000, 10_000));
    assert_eq!(digits.train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(digits.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let bytes = digits
        .train
        .features()
        .iter()
        .map(|pixel| (pixel * 255.0).round() as u64);
    let mean = bytes.sum::<u64>() as f64 / (60_000.0 * 784.0);
    assert!((mean - 33.318_421_449_83).abs() < 1e-9, "{mean}");
    assert_eq!(MnistConfig::new().load().unwrap().test, digits.test);
}
