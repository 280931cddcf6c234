import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.anserini.analysis.DefaultEnglishAnalyzer;
import io.anserini.index.IndexCollection;
import io.anserini.search.SearchCollection;
import io.anserini.search.SimpleSearcher;
import io.anserini.search.query.BagOfWordsQueryGenerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.FSDirectory;

/** Lucene's side of `npm run bench:retrieval`: argument REQUEST, a file with a BenchRequest; prints a BenchAnswer as its last line. */
public class LuceneBench {
  private interface Search {
    void run(String query, int limit) throws Exception;
  }

  public static void main(String[] args) throws Exception {
    IndexSearcher.setMaxClauseCount(1 << 20);
    ObjectMapper json = new ObjectMapper();
    JsonNode request = json.readTree(Files.readAllBytes(Path.of(args[0])));
    String corpus = request.get("luceneCorpus").asText();
    String index = request.get("index").asText();
    ObjectNode answer = json.createObjectNode();
    long started = System.nanoTime();
    // As ours: documents and frequencies, no positions, vectors or stored texts.
    IndexCollection.main(new String[] {
      "-collection", "JsonCollection", "-generator", "DefaultLuceneDocumentGenerator", "-threads", "1", "-input", corpus, "-index", index,
    });
    double seconds = (System.nanoTime() - started) / 1e9;
    DirectoryReader reader = DirectoryReader.open(FSDirectory.open(Path.of(index)));
    answer.put("documentsPerSecond", reader.numDocs() / seconds);
    long bytes = 0;
    try (var files = Files.list(Path.of(index))) {
      for (Path file : files.toList()) bytes += Files.size(file);
    }
    answer.put("indexBytes", bytes);

    IndexSearcher lucene = new IndexSearcher(reader);
    lucene.setSimilarity(new BM25Similarity(1.2f, 0.75f));
    SimpleSearcher anserini = new SimpleSearcher(index);
    anserini.set_bm25(1.2f, 0.75f);
    Analyzer analyzer = DefaultEnglishAnalyzer.newDefaultInstance();
    BagOfWordsQueryGenerator generator = new BagOfWordsQueryGenerator();
    // Ranking alone, and what Pyserini calls, which also fetches the stored documents.
    Search ranking = (query, limit) ->
        lucene.search(generator.buildQuery("contents", analyzer, query), limit, SearchCollection.BREAK_SCORE_TIES_BY_DOCID, true);
    Search pyserini = (query, limit) -> anserini.search(query, limit);
    ObjectNode rates = answer.putObject("rates");
    for (JsonNode set : request.get("sets")) {
      List<String> queries = new ArrayList<>();
      for (JsonNode query : set.get("queries")) queries.add(query.asText());
      for (JsonNode limit : request.get("limits")) {
        String key = set.get("name").asText() + " " + limit.asInt();
        rates(rates.putArray("one thread " + key), ranking, queries, limit.asInt(), request, 1);
        rates(rates.putArray("Pyserini, one thread " + key), pyserini, queries, limit.asInt(), request, 1);
        rates(rates.putArray("all threads " + key), ranking, queries, limit.asInt(), request, request.get("threads").asInt());
      }
    }
    answer.put("peakBytes", peakBytes());
    System.out.println(json.writeValueAsString(answer));
  }

  private static void rates(ArrayNode to, Search search, List<String> queries, int limit, JsonNode request, int threads) throws Exception {
    double seconds = request.get("seconds").asDouble();
    rate(search, queries, limit, seconds, threads); // warms up
    for (int i = 0; i < request.get("repeats").asInt(); i++) to.add(rate(search, queries, limit, seconds, threads));
  }

  /** Queries per second: threads take the next query until the time is over. */
  private static double rate(Search search, List<String> queries, int limit, double seconds, int threads) throws Exception {
    AtomicInteger next = new AtomicInteger();
    long start = System.nanoTime();
    Callable<Void> work = () -> {
      while (System.nanoTime() - start < seconds * 1e9) search.run(queries.get(next.getAndIncrement() % queries.size()), limit);
      return null;
    };
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      for (Future<Void> done : pool.invokeAll(java.util.Collections.nCopies(threads, work))) done.get();
    } finally {
      pool.shutdown();
    }
    return next.get() / ((System.nanoTime() - start) / 1e9);
  }

  /** Linux only; 0 elsewhere. */
  private static long peakBytes() throws Exception {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return 0;
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
    }
    return 0;
  }
}
