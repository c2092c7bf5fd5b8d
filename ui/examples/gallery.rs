//! Paints every page in both languages on every panel into a folder of PNG files:
//! `cargo run -p ui --features screens --example gallery -- FOLDER [PART OF A NAME]`.
#![allow(clippy::print_stdout)]

mod common;

use std::path::Path;

use ui::screens::{Painter, Panel, Rgba};
use ui::view::{Language, Modes};

/// Display modes and their part of the file name.
const MODES: [(&str, Modes); 3] = [
    ("", Modes { high_contrast: false, large_print: false }),
    ("-hc", Modes { high_contrast: true, large_print: false }),
    ("-large", Modes { high_contrast: false, large_print: true }),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| "jiehuan-out/gallery".into());
    let part = args.next().unwrap_or_default();
    std::fs::create_dir_all(&folder)?;
    if part.contains("bench") {
        return benches(Path::new(&folder));
    }
    for (name, panel) in [("desk", Panel::DESK), ("tablet", Panel::TABLET), ("small", Panel::SMALL)]
    {
        let mut painter = Painter::new(panel)?;
        for language in [Language::ZhCn, Language::En] {
            for (case, view) in common::cases(language) {
                for (mode, modes) in MODES {
                    let file = format!("{name}-{case}-{}{mode}.png", language.tag());
                    if part.split(",").all(|p| file.contains(p)) {
                        let view = ui::view::View { modes, ..view.clone() };
                        save(&Path::new(&folder).join(&file), &painter.paint(&view))?;
                        println!("{file}");
                    }
                }
            }
        }
    }
    Ok(())
}

/// The workbench, played with a little, in both languages.
fn benches(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut painter = Painter::new(Panel::DESK)?;
    for language in [Language::ZhCn, Language::En] {
        let mut bench = common::bench(language);
        bench.cards[0].shown = true;
        for book in bench.books.iter_mut().take(4) {
            (book.on_pad, book.released) = (true, true);
        }
        bench.faults.push(ui::view::BenchFault::PaperOut);
        bench.paper = Some(common::paper(None));
        let work = common::work(common::borrow_lines(), 5);
        let view = common::view(language, ui::view::Screen::Borrow(work));
        let picture = painter.paint_bench(&view, &bench)?;
        save(&folder.join(format!("bench-{}.png", language.tag())), &picture)?;
    }
    Ok(())
}

fn save(file: &Path, picture: &Rgba) -> Result<(), Box<dyn std::error::Error>> {
    let out = std::io::BufWriter::new(std::fs::File::create(file)?);
    let mut encoder = png::Encoder::new(out, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&picture.bytes)?;
    Ok(())
}
