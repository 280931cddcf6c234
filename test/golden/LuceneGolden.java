import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.anserini.analysis.AnalyzerUtils;
import io.anserini.analysis.DefaultEnglishAnalyzer;
import io.anserini.index.IndexCollection;
import io.anserini.search.ScoredDoc;
import io.anserini.search.SearchCollection;
import io.anserini.search.SimpleSearcher;
import io.anserini.search.query.BagOfWordsQueryGenerator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexReader;
import org.apache.lucene.queryparser.classic.ParseException;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.FSDirectory;

/**
 * What Lucene ranks, by way of Anserini, whose jar ships inside Pyserini. Run by make-retrieval.ts with the folder of the sets;
 * each holds corpus/corpus.jsonl and set.json (k1, b, k, queries), and gets golden.json.
 *
 * texts.json, a list of texts, gets terms.json: a hash of each text's terms.
 *
 * Per query: how many documents, a hash of their ids in order, a hash of their float32 scores; the whole list for the first few.
 * syntax.json has the same for the queries under "syntax", which the classic query parser reads: of each the whole list, and
 * how Lucene writes the query that it understood, or its message.
 */
public class LuceneGolden {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    IndexSearcher.setMaxClauseCount(1 << 20); // the default of 1,024 refuses long queries
    try (var sets = Files.list(Path.of(args[0]))) {
      for (Path set : sets.sorted().filter(Files::isDirectory).toList()) run(set);
    }
    ArrayNode hashes = JSON.createArrayNode();
    for (JsonNode text : JSON.readTree(Files.readAllBytes(Path.of(args[0], "texts.json")))) {
      List<String> terms = AnalyzerUtils.analyze(DefaultEnglishAnalyzer.newDefaultInstance(), text.asText());
      hashes.add(hash(String.join("\n", terms).getBytes(StandardCharsets.UTF_8)));
    }
    Files.write(Path.of(args[0], "terms.json"), JSON.writeValueAsBytes(hashes));
  }

  private static void run(Path set) throws Exception {
    JsonNode request = JSON.readTree(Files.readAllBytes(set.resolve("set.json")));
    BM25Similarity similarity = new BM25Similarity((float) request.get("k1").asDouble(), (float) request.get("b").asDouble());
    int limit = request.get("k").asInt();
    Analyzer analyzer = DefaultEnglishAnalyzer.newDefaultInstance();
    String index = indexed(set, "index");
    ArrayNode answers = JSON.createArrayNode();
    try (IndexReader reader = DirectoryReader.open(FSDirectory.open(Path.of(index)));
        SimpleSearcher anserini = new SimpleSearcher(index)) {
      anserini.set_bm25(similarity.getK1(), similarity.getB());
      IndexSearcher lucene = new IndexSearcher(reader);
      lucene.setSimilarity(similarity);
      for (JsonNode query : request.get("queries")) {
        answers.add(answer(query.asText(), limit, answers.size() < request.get("lists").asInt(), analyzer, lucene, anserini));
      }
    }
    Files.write(set.resolve("golden.json"), JSON.writeValueAsBytes(answers));
    ArrayNode parsed = JSON.createArrayNode();
    try (IndexReader reader = DirectoryReader.open(FSDirectory.open(Path.of(indexed(set, "index-positions", "-storePositions"))))) {
      IndexSearcher lucene = new IndexSearcher(reader);
      lucene.setSimilarity(similarity);
      for (JsonNode query : request.path("syntax")) parsed.add(parsedAnswer(query.asText(), limit, analyzer, lucene));
    }
    Files.write(set.resolve("syntax.json"), JSON.writeValueAsBytes(parsed));
  }

  /** The folder of an index of the set's corpus, built when it is not there. */
  private static String indexed(Path set, String name, String... options) throws Exception {
    Path index = set.resolve(name);
    if (!Files.exists(index)) {
      List<String> arguments = new ArrayList<>(List.of(
        "-collection", "JsonCollection", "-generator", "DefaultLuceneDocumentGenerator", "-threads", "1",
        "-input", set.resolve("corpus").toRealPath().toString(), "-index", index.toString()));
      arguments.addAll(List.of(options));
      IndexCollection.main(arguments.toArray(new String[0]));
    }
    return index.toString();
  }

  private static ObjectNode answer(
      String text, int limit, boolean whole, Analyzer analyzer, IndexSearcher lucene, SimpleSearcher anserini) throws Exception {
    Query query = new BagOfWordsQueryGenerator().buildQuery("contents", analyzer, text);
    ScoreDoc[] hits = lucene.search(query, limit, SearchCollection.BREAK_SCORE_TIES_BY_DOCID, true).scoreDocs;
    List<String> ids = idsOf(hits, lucene);
    checkAgainst(anserini.search(text, limit), ids, text);
    ObjectNode answer = hashes(hits, ids);
    if (whole) addList(answer, hits, ids);
    return answer;
  }

  /** The same for Lucene's classic query syntax; what it does not parse has a message instead. */
  private static ObjectNode parsedAnswer(String text, int limit, Analyzer analyzer, IndexSearcher lucene) throws Exception {
    Query query;
    try {
      query = new QueryParser("contents", analyzer).parse(text);
    } catch (ParseException | IllegalArgumentException error) {
      return JSON.createObjectNode().put("error", String.valueOf(error.getMessage()));
    }
    ScoreDoc[] hits = lucene.search(query, limit, SearchCollection.BREAK_SCORE_TIES_BY_DOCID, true).scoreDocs;
    List<String> ids = idsOf(hits, lucene);
    ObjectNode answer = hashes(hits, ids).put("query", query.toString("contents"));
    addList(answer, hits, ids);
    return answer;
  }

  private static List<String> idsOf(ScoreDoc[] hits, IndexSearcher lucene) throws Exception {
    List<String> ids = new ArrayList<>();
    for (ScoreDoc hit : hits) ids.add(lucene.storedFields().document(hit.doc).get("id"));
    return ids;
  }

  private static ObjectNode hashes(ScoreDoc[] hits, List<String> ids) throws Exception {
    ByteBuffer scores = ByteBuffer.allocate(4 * hits.length);
    for (ScoreDoc hit : hits) scores.putFloat(hit.score);
    ObjectNode answer = JSON.createObjectNode();
    answer.put("count", hits.length);
    answer.put("ids", hash(String.join("\n", ids).getBytes(StandardCharsets.UTF_8)));
    answer.put("scores", hash(scores.array()));
    return answer;
  }

  private static void addList(ObjectNode answer, ScoreDoc[] hits, List<String> ids) {
    ArrayNode list = answer.putArray("list");
    for (int i = 0; i < hits.length; i++) list.addArray().add(ids.get(i)).add(hits[i].score);
  }

  /** Pyserini's own entry must rank as the query above does. */
  private static void checkAgainst(ScoredDoc[] results, List<String> ids, String text) {
    for (int i = 0; i < Math.max(results.length, ids.size()); i++) {
      if (!results[i].docid.equals(ids.get(i))) throw new IllegalStateException("SimpleSearcher differs for " + text);
    }
  }

  private static String hash(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)).substring(0, 12);
  }
}
